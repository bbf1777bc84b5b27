import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { idAddress } from '@sealane/actors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChainError, type ChainPort, createChainClient } from '../src/index.js'

const tipSetMissing =
  'failed to load tipset: get block bafy2bzacebdvnnchlbr4odjqqn3qwplu43vdlmrm6vlyl5l4ledcfz4lqwo6o: ipld: could not find bafy2bzacebdvnnchlbr4odjqqn3qwplu43vdlmrm6vlyl5l4ledcfz4lqwo6o'
const address = idAddress(1000)

describe('a node that many use', () => {
  const answers: ((response: ServerResponse, method: string) => void)[] = []
  const askedMs: number[] = []
  let server: Server
  let chain: ChainPort
  const answer = (result: unknown) => (response: ServerResponse) =>
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }))
  const fails = (code: number, message: string) => (response: ServerResponse) =>
    response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code, message } }))
  const limited = (headers: Record<string, string>) => (response: ServerResponse) =>
    response.writeHead(429, headers).end('Too Many Requests')

  beforeEach(async () => {
    answers.length = 0
    askedMs.length = 0
    server = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += String(chunk)
      })
      request.on('end', () => {
        askedMs.push(performance.now())
        const { method } = JSON.parse(body) as { method: string }
        const next = answers.length > 1 ? answers.shift() : answers[0]
        next?.(response, method)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    chain = createChainClient({ nodes: `/ip4/127.0.0.1/tcp/${port}/http`, timeoutMs: 3_000 })
  })
  afterEach(async () => {
    await chain.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const refusal = (ask: Promise<unknown>) =>
    ask.then(
      () => expect.unreachable('it was answered'),
      (error: ChainError) => error,
    )

  it('is asked again when it said it may be, and the caller never hears of it', async () => {
    answers.push(limited({ 'retry-after': '1' }), answer('5'))
    expect(await chain.walletBalance(address)).toBe(5n)
    expect(askedMs).toHaveLength(2)
    expect((askedMs[1] ?? 0) - (askedMs[0] ?? 0)).toBeGreaterThan(950)
  })

  it('is left alone by all calls together, longer each time, when it names no time', async () => {
    answers.push(limited({}), limited({}), answer('5'))
    expect(await Promise.all([chain.walletBalance(address), chain.walletBalance(address)])).toEqual([5n, 5n])
    expect((askedMs.at(-1) ?? 0) - (askedMs[0] ?? 0)).toBeGreaterThan(450)
  })

  it('that never has time is told as such, in the time of one call', async () => {
    answers.push(limited({ 'retry-after': '60' }))
    const began = performance.now()
    const error = await refusal(chain.walletBalance(address))
    expect(error).toMatchObject({ code: 'BUSY', remedy: 'retry' })
    expect(error.text).toBe('the node limits how often it may be asked (HTTP 429): Too Many Requests')
    expect(performance.now() - began).toBeLessThan(4_000)
    expect(askedMs).toHaveLength(1)
  })

  it.each([
    [-32005, 'daily request count exceeded'],
    [1, 'rate limit exceeded, slow down'],
  ])('says so by JSON-RPC too: %i %s', async (code, text) => {
    answers.push(fails(code, text), answer('5'))
    expect(await chain.walletBalance(address)).toBe(5n)
    expect(askedMs).toHaveLength(2)
  })

  it('whose token does not allow one call is well for the others', async () => {
    answers.push(fails(1, "missing permission to invoke 'MpoolPush' (need 'write')"))
    const error = await refusal(chain.walletBalance(address))
    expect(error).toMatchObject({
      code: 'REFUSED',
      text: "missing permission to invoke 'MpoolPush' (need 'write')",
    })
    expect(chain.nodes()[0]?.state).not.toBe('dead')
    answers.splice(0, 1, (response) => response.writeHead(403).end('<html>Forbidden</html>'))
    expect((await refusal(chain.walletBalance(address))).text).toBe(
      'what stands before the node does not let this call through (HTTP 403): <html>Forbidden</html>',
    )
  })

  it('that lacks a tipset says nothing of the actors in it', async () => {
    answers.push(fails(1, tipSetMissing))
    await expect(chain.getActor(address)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    answers.splice(0, 1, fails(1, 'actor not found'))
    expect(await chain.getActor(address)).toBeUndefined()
  })
})
