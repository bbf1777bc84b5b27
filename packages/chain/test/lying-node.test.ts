import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type ChainPort, createChainClient } from '../src/index.js'

const timeoutMs = 600
const maxResponseBytes = 4 * 1024 * 1024
/** Longer than any refusal may take: the timeout, and what a slow machine adds. Unit: ms. */
const boundMs = 5_000

/** A node that means ill: what it does with a request, and with a subscriber, is up to the test. */
describe('a node that lies', () => {
  let server: Server
  let chain: ChainPort
  let answer: (response: ServerResponse) => void
  let serve: (socket: WebSocket) => void
  const timers: NodeJS.Timeout[] = []

  beforeEach(async () => {
    server = createServer((request, response) => {
      request.resume()
      request.on('end', () => answer(response))
    })
    const sockets = new WebSocketServer({ server })
    sockets.on('connection', (socket) => {
      socket.on('error', () => undefined)
      serve(socket)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    chain = createChainClient({ nodes: `/ip4/127.0.0.1/tcp/${port}/http`, timeoutMs, maxResponseBytes })
  })
  afterEach(async () => {
    for (const timer of timers.splice(0)) clearInterval(timer)
    await chain.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  /** The refusal, in bounded time. */
  async function refused(ask: () => Promise<unknown>) {
    const began = performance.now()
    const outcome = await ask().then(
      () => 'answered',
      (cause: { code: string; text: string }) => cause,
    )
    expect(performance.now() - began).toBeLessThan(boundMs)
    return outcome
  }
  const notified = () =>
    refused(async () => {
      for await (const _ of chain.notify(new AbortController().signal));
    })

  it.each([
    [
      'a drop now and then',
      'TIMEOUT',
      (response: ServerResponse) => {
        response.write('{"result":"')
        timers.push(setInterval(() => response.write('x'), 20))
      },
    ],
    [
      'no end',
      'TOO_LARGE',
      (response: ServerResponse) => {
        response.write('{"result":"')
        const more = () => {
          while (response.write('x'.repeat(65_536)));
          response.once('drain', more)
        }
        more()
      },
    ],
    [
      'a number of a million digits',
      'MALFORMED',
      (response: ServerResponse) => {
        response.end(`{"id":1,"result":${'9'.repeat(1_000_000)}}`)
      },
    ],
    [
      'a million arrays in each other',
      'MALFORMED',
      (response: ServerResponse) => {
        response.end(`{"id":1,"result":${'['.repeat(1_000_000)}`)
      },
    ],
    [
      'a list where an object belongs',
      'MALFORMED',
      (response: ServerResponse) => {
        response.end('{"id":1,"result":[1,2,3]}')
      },
    ],
    [
      'an error that is a text',
      'RPC',
      (response: ServerResponse) => {
        response.end('{"id":1,"error":"no"}')
      },
    ],
    [
      'no answer but a batch',
      'MALFORMED',
      (response: ServerResponse) => {
        response.end('[]')
      },
    ],
  ] as const)('answers with %s: %s', async (_what, code, misbehave) => {
    answer = misbehave
    expect(await refused(() => chain.head())).toMatchObject({ code, remedy: 'retry' })
  })

  it('cannot flood our logs with the text of an error', async () => {
    answer = (response) => response.end(`{"id":1,"error":{"code":1,"message":"${'no '.repeat(1_000_000)}"}}`)
    const cause = await refused(() => chain.head())
    expect(cause).toMatchObject({ code: 'RPC' })
    expect((cause as { text: string }).text.length).toBeLessThan(20_000)
  })

  it.each([
    ['never answers', 'TIMEOUT', () => undefined],
    [
      'answers somebody else',
      'TIMEOUT',
      (socket: WebSocket) => {
        socket.on('message', () => socket.send('{"id":2,"jsonrpc":"2.0","result":1}'))
      },
    ],
    [
      'sends values without end and never opens the channel',
      'MALFORMED',
      (socket: WebSocket) => {
        timers.push(
          setInterval(() => {
            for (let sent = 0; sent < 50; sent++)
              socket.send('{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[7,[]]}')
          }, 5),
        )
      },
    ],
    [
      'sends what is not JSON',
      'MALFORMED',
      (socket: WebSocket) => {
        socket.on('message', () => socket.send('<html>'))
      },
    ],
    [
      'sends a frame beyond all bounds',
      'NODE_DOWN',
      (socket: WebSocket) => {
        socket.on('message', () => socket.send('x'.repeat(maxResponseBytes + 1)))
      },
    ],
    [
      'opens a channel without a name',
      'MALFORMED',
      (socket: WebSocket) => {
        socket.on('message', () =>
          socket.send('{"id":1,"jsonrpc":"2.0","error":null,"result":{"toString":1}}'),
        )
      },
    ],
    [
      'sends changes that are none',
      'MALFORMED',
      (socket: WebSocket) => {
        socket.on('message', () => {
          socket.send('{"id":1,"jsonrpc":"2.0","result":1}')
          socket.send('{"jsonrpc":"2.0","method":"xrpc.ch.val","params":[1,[{"Type":"current","Val":7}]]}')
        })
      },
    ],
  ] as const)('to a subscriber: %s: %s', async (_what, code, misbehave) => {
    serve = misbehave
    expect(await notified()).toMatchObject({ code, remedy: 'retry' })
  })
})
