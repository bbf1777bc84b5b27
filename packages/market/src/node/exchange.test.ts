import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { parseAddress } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { createLibp2p } from 'libp2p'
import { afterEach, describe, expect, it } from 'vitest'
import {
  askProtocol,
  type DealParams,
  dealParams,
  dealProtocols,
  type SignedStorageAsk,
  statusError,
  statusProtocol,
  transferAuthorization,
  transferProtocol,
  transferToken,
  transportsProtocol,
} from '../index.js'
import {
  openTransferSocket,
  proposeDeal,
  queryAsk,
  queryDealStatus,
  queryTransports,
  serveAsks,
  serveDeals,
  serveStatus,
  serveTransferStreams,
  serveTransports,
} from './index.js'

const recorded = JSON.parse(
  readFileSync(new URL('../../test/vectors/boost-proposals.json', import.meta.url), 'utf8'),
) as { cases: { name: string; requestHex: string }[] }
const proposalBytes = Uint8Array.from(
  recorded.cases.find((c) => c.name === '2-accept-offline-flags')?.requestHex.match(/../g) ?? [],
  (hex) => Number.parseInt(hex, 16),
)
const proposal: DealParams = dealParams.decode(proposalBytes)

const hosts: Libp2p[] = []
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.stop()))
})

async function host(): Promise<Libp2p> {
  const made = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls(), noise()],
    streamMuxers: [yamux()],
  })
  hosts.push(made)
  return made
}

async function pair(): Promise<{ provider: Libp2p; client: Libp2p; connection: Connection }> {
  const provider = await host()
  const client = await host()
  return { provider, client, connection: await client.dial(provider.getMultiaddrs()) }
}

/** What the peer sent until it ended the stream, and how the stream ended. */
function ending(stream: Stream): Promise<{ bytes: number; error: Error | undefined }> {
  let bytes = 0
  return new Promise((resolve) => {
    stream.addEventListener('message', (event) => {
      bytes += event.data.byteLength
    })
    stream.addEventListener('remoteCloseWrite', () => resolve({ bytes, error: undefined }))
    stream.addEventListener('close', (event) => resolve({ bytes, error: event.error }))
  })
}

async function dealProvider(provider: Libp2p, readTimeoutMs?: number) {
  const judged: DealParams[] = []
  const failures: unknown[] = []
  const handler = serveDeals({
    judge: async (params) => {
      judged.push(params)
      return { accepted: true, message: '' }
    },
    failed: (cause) => failures.push(cause),
    ...(readTimeoutMs === undefined ? {} : { readTimeoutMs }),
  })
  await provider.handle([...dealProtocols], handler)
  return { judged, failures }
}

describe('a deal proposed over libp2p', () => {
  it('is answered', async () => {
    const { provider, connection } = await pair()
    const { judged } = await dealProvider(provider)
    expect(await proposeDeal(connection, proposal)).toEqual({ accepted: true, message: '' })
    expect(judged).toEqual([proposal])
  })

  it('is answered as soon as its last byte is here, however it is cut and without a half-close', async () => {
    const { provider, connection } = await pair()
    await dealProvider(provider)
    const stream = await connection.newStream(dealProtocols[1])
    const end = ending(stream)
    for (let at = 0; at < proposalBytes.length; at += 7) {
      stream.send(proposalBytes.subarray(at, at + 7))
      await new Promise((resolve) => setImmediate(resolve))
    }
    stream.send(Uint8Array.of(1, 2, 3))
    expect(await end).toEqual({ bytes: 0x13 + 1, error: undefined })
    expect(stream.writeStatus).toBe('writable')
  })

  it.each([
    ['garbage', Uint8Array.of(0xff, 0x00, 0x13)],
    ['text', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n')],
    ['a length of 2^62', Uint8Array.of(0x5b, 0x40, 0, 0, 0, 0, 0, 0, 0)],
    ['an array', Uint8Array.of(0x80)],
  ])('of %s gets no answer and no reset, and the provider stays up', async (_name, bytes) => {
    const { provider, connection } = await pair()
    const { judged, failures } = await dealProvider(provider)
    const stream = await connection.newStream(dealProtocols[0])
    const end = ending(stream)
    stream.send(bytes)
    expect(await end).toEqual({ bytes: 0, error: undefined })
    expect(judged).toEqual([])
    expect(failures).toHaveLength(1)
    expect(await proposeDeal(connection, proposal)).toMatchObject({ accepted: true })
  })

  it('that stops half-way gets no answer, at once when half-closed, after the deadline when not', async () => {
    const { provider, connection } = await pair()
    const { failures } = await dealProvider(provider, 300)
    const half = proposalBytes.subarray(0, 200)

    const closed = await connection.newStream(dealProtocols[0])
    const closedEnd = ending(closed)
    closed.send(half)
    await closed.close()
    expect(await closedEnd).toEqual({ bytes: 0, error: undefined })
    expect(failures).toEqual([expect.objectContaining({ code: 'STREAM_ENDED' })])

    const open = await connection.newStream(dealProtocols[0])
    const openEnd = ending(open)
    open.send(half)
    expect(await openEnd).toEqual({ bytes: 0, error: undefined })
    expect(failures[1]).toMatchObject({ code: 'STREAM_TIMEOUT' })
  })

  it('without end is cut off at the cap, not kept in memory', async () => {
    const { provider, connection } = await pair()
    const { failures } = await dealProvider(provider)
    const stream = await connection.newStream(dealProtocols[0])
    const end = ending(stream)
    // A map of 30,000 keys that never completes, then more and more of arrays within arrays.
    stream.send(Uint8Array.of(0xb9, 0x75, 0x30))
    for (let i = 0; i < 40 && stream.status === 'open'; i += 1) {
      stream.send(new Uint8Array(4096).fill(0x81))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect((await end).bytes).toBe(0)
    expect(failures).toEqual([expect.objectContaining({ code: 'TOO_LARGE' })])
  })

  it('fails at the client with a plain reason when the provider leaves it without an answer', async () => {
    const { provider, connection } = await pair()
    await provider.handle(
      [...dealProtocols],
      serveDeals({ judge: () => Promise.reject(new Error('disk')), failed: () => {} }),
    )
    await expect(proposeDeal(connection, proposal)).rejects.toMatchObject({ code: 'STREAM_ENDED' })
  })
})

describe('questions to a provider', () => {
  it('status, ask and transports are answered', async () => {
    const { provider, connection } = await pair()
    const signed: SignedStorageAsk = {
      ask: {
        miner: parseAddress('f01000'),
        price: attoFil(50n),
        verifiedPrice: attoFil(5n),
        minPieceSize: 256n,
        maxPieceSize: 2048n,
        timestamp: 7,
        expiry: 1_000_007,
        sequence: 3,
      },
      signature: { type: 1, data: new Uint8Array(65) },
    }
    const failed = () => {}
    await provider.handle(
      statusProtocol,
      serveStatus({ answer: async ({ dealUuid }) => statusError(dealUuid, 'no such deal'), failed }),
    )
    await provider.handle(
      askProtocol,
      serveAsks({ answer: async ({ miner }) => ({ ask: miner === 'f01000' ? signed : null }), failed }),
    )
    const transports = {
      protocols: [{ name: 'libp2p', addresses: [provider.getMultiaddrs()[0]?.bytes ?? new Uint8Array()] }],
    }
    await provider.handle(transportsProtocol, serveTransports({ transports: () => transports, failed }))

    const { dealUuid } = proposal
    const status = await queryDealStatus(connection, {
      dealUuid,
      signature: { type: 1, data: new Uint8Array(65) },
    })
    expect(status).toEqual(statusError(dealUuid, 'no such deal'))
    expect(await queryAsk(connection, parseAddress('t01000'))).toEqual(signed)
    expect(await queryAsk(connection, parseAddress('t01001'))).toBeNull()
    expect(await queryTransports(connection)).toEqual(transports)
  })
})

describe('HTTP over a transfer stream', () => {
  it('serves a range to whoever has the token, and carries megabytes whole', async () => {
    const { provider, client } = await pair()
    const data = new Uint8Array(3 << 20).map((_, i) => i * 31 + (i >> 8))
    const server = createServer((req, res) => {
      if (transferToken(req.headers.authorization) !== 'secret') return res.writeHead(401).end()
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? []
      const body = data.subarray(Number(from), Number(to) + 1)
      res.writeHead(206, {
        'content-length': body.length,
        'content-range': `bytes ${from}-${to}/${data.length}`,
      })
      res.end(body)
    })
    await client.handle(transferProtocol, serveTransferStreams(server))
    const back = await provider.dial(client.getMultiaddrs())

    const get = async (token: string, range: string) => {
      const socket = await openTransferSocket(back, { signal: AbortSignal.timeout(5000) })
      return new Promise<{ status: number; sha256: string; bytes: number }>((resolve, reject) => {
        const headers = { host: 'peer', range, authorization: transferAuthorization(token) }
        request({ createConnection: () => socket, path: '/', headers }, (res) => {
          const hash = createHash('sha256')
          let bytes = 0
          res.on('data', (chunk: Uint8Array) => {
            hash.update(chunk)
            bytes += chunk.length
          })
          res.on('end', () => resolve({ status: res.statusCode ?? 0, sha256: hash.digest('hex'), bytes }))
          res.on('error', reject)
        })
          .on('error', reject)
          .end()
      })
    }
    const tail = data.subarray(1000)
    expect(await get('secret', `bytes=1000-${data.length - 1}`)).toEqual({
      status: 206,
      bytes: tail.length,
      sha256: createHash('sha256').update(tail).digest('hex'),
    })
    expect(await get('guess', 'bytes=0-9')).toMatchObject({ status: 401, bytes: 0 })
  })
})
