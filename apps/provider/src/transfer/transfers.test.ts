import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Connection } from '@libp2p/interface'
import { transferAuthorization, transferProtocol } from '@sealane/market'
import { proposeDeal, serveTransferStreams } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Behaviour, DataServer, honest, rangeOf } from '../testing/data-server.js'
import { payload, type RunningProvider, startProvider, TestClient } from '../testing/provider-under-test.js'
import { TestChain } from '../testing/test-chain.js'

const redis = localRedis()
const dir = temporaryDirectory()
const chain = new TestChain()
let provider: RunningProvider
let client: TestClient
let connection: Connection
let server: DataServer

beforeAll(async () => {
  server = await new DataServer().listen()
  client = await TestClient.funded(chain)
  chain.sectorSize = 8n << 20n
  provider = await startProvider({ dir, redisUrl: redis.url, chain, flags: ['--transfer-per-host', '20'] })
  connection = await client.dial(provider)
  await provider.asked()
})
afterAll(async () => {
  await provider?.stop()
  await client?.stop()
})

let made = 0
async function deal(
  data: Uint8Array,
  behaviour: Behaviour,
  o: Parameters<TestClient['propose']>[1] = {},
): Promise<{ uuid: string; path: string }> {
  made += 1
  const path = `/file-${made}`
  const params = client.propose(data, { url: server.put(path, data, behaviour), ...o })
  expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
  return { uuid: params.dealUuid, path }
}
const status = async (uuid: string) => (await client.status(connection, uuid)).dealStatus

describe('a transfer', () => {
  it('is taken up where it was cut, and resends nothing', async () => {
    const data = payload(1 << 20)
    let cuts = 0
    const { uuid, path } = await deal(data, (request, response, file) => {
      const { start } = rangeOf(request, file.length)
      if (cuts >= 3) return honest(request, response, file)
      cuts += 1
      response.writeHead(206, {
        etag: '"v1"',
        'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
        'content-length': file.length - start,
      })
      response.write(file.subarray(start, start + 200_000), () => setTimeout(() => response.destroy(), 20))
    })
    await provider.dealIn(uuid, 'Transferred')
    const starts = server.asked(path).map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]))
    expect(starts).toHaveLength(4)
    expect(starts[0]).toBe(0)
    for (let i = 1; i < starts.length; i += 1) expect(starts[i]).toBeGreaterThan(starts[i - 1] ?? 0)
    expect(
      (await provider.operator['deals.log']({ id: uuid })).filter(({ event }) => event === 'interrupted'),
    ).toHaveLength(3)
  })

  it('survives a server that stalls, answers 500 and closes without a word', async () => {
    const data = payload(2048)
    const moods: Behaviour[] = [
      (_request, response) => response.writeHead(500).end('later'),
      (_request, response) => response.socket?.destroy(),
      (_request, response, file) => {
        response.writeHead(206, {
          'content-range': `bytes 0-${file.length - 1}/${file.length}`,
          'content-length': file.length,
        })
        response.write(file.subarray(0, 10))
      },
      (_request, response) => response.writeHead(429).end(),
    ]
    const { uuid } = await deal(data, (request, response, file) =>
      (moods.shift() ?? honest)(request, response, file),
    )
    await provider.dealIn(uuid, 'Transferred')
  })

  it('is joined to its first half only if the file is still the same', async () => {
    const data = payload(1 << 20)
    let visits = 0
    const { uuid } = await deal(data, (request, response, file) => {
      visits += 1
      const { start } = rangeOf(request, file.length)
      const etag = visits === 1 ? '"old"' : '"new"'
      const head = {
        etag,
        'content-range': `bytes ${start}-${file.length - 1}/${file.length}`,
        'content-length': file.length - start,
      }
      response.writeHead(206, head)
      if (visits === 1) response.write(Buffer.alloc(300_000), () => setTimeout(() => response.destroy(), 20))
      else response.end(file.subarray(start))
    })
    await provider.dealIn(uuid, 'Transferred')
  })

  it('takes a server without Range, and begins again when it must', async () => {
    const data = payload(1 << 20)
    let cut = true
    const { uuid } = await deal(data, (_request, response, file) => {
      response.writeHead(200, { 'content-length': file.length })
      if (cut) response.write(file.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20))
      else response.end(file)
      cut = false
    })
    await provider.dealIn(uuid, 'Transferred')
  })

  it('follows a redirect, and keeps secrets from the other host', async () => {
    const data = payload(2048)
    const target = server.put('/elsewhere', data).replace('127.0.0.1', 'localhost')
    const { uuid } = await deal(
      data,
      (_request, response) => response.writeHead(302, { location: target }).end(),
      {
        headers: { Authorization: 'Bearer secret', 'X-Kept': 'yes' },
      },
    )
    await provider.dealIn(uuid, 'Transferred')
    const [asked] = server.asked('/elsewhere')
    expect(asked?.headers).toMatchObject({ 'x-kept': 'yes', 'accept-encoding': 'identity' })
    expect(asked?.headers).not.toHaveProperty('authorization')
  })

  it('comes from a peer, as HTTP over a libp2p stream', async () => {
    const data = payload(1 << 20)
    const http = createServer((request, response) => {
      if (request.headers.authorization !== transferAuthorization('token'))
        return response.writeHead(401).end()
      honest(request, response, data)
    })
    await client.host.handle(transferProtocol, serveTransferStreams(http))
    const [address] = client.host.getMultiaddrs()
    const params = client.propose(data, {
      type: 'libp2p',
      url: `libp2p://${address}`,
      headers: { Authorization: transferAuthorization('token') },
    })
    expect(await proposeDeal(connection, params)).toEqual({ accepted: true, message: '' })
    await provider.dealIn(params.dealUuid, 'Transferred')
  })
})

describe('a deal whose data never comes', () => {
  const changed = (file: Uint8Array) => {
    const other = Uint8Array.from(file)
    other[file.length >> 1] = (other[file.length >> 1] ?? 0) ^ 1
    return other
  }

  it('because its bytes are others ends with both commitments', async () => {
    const data = payload(2048)
    const { uuid } = await deal(data, (request, response, file) => honest(request, response, changed(file)))
    const row = await provider.dealIn(uuid, 'Failed')
    const text = `failed to verify CommP: commP expected=${row.pieceCid}, actual=`
    expect(row.failure).toMatchObject({
      code: 'COMMP_MISMATCH',
      remedy: 'drop',
      text: expect.stringContaining(text),
    })
    expect(await status(uuid)).toMatchObject({ status: 'Complete', error: expect.stringContaining(text) })
    await until(
      'nothing to be left in staging',
      () => existsSync(provider.life.rooms.staging.path(uuid)),
      (left) => !left,
    )
  })

  it.each<[string, Behaviour, string]>([
    [
      'the server names another length',
      (_request, response, file) => response.writeHead(200, { 'content-length': file.length + 1 }).end(),
      'data-transfer failed: deal size mismatch: head: 2033, dealInfo: 2032',
    ],
    [
      'the server sends more than it says',
      (_request, response, file) => {
        response.writeHead(200)
        response.end(Buffer.concat([file, Buffer.alloc(10)]))
      },
      'data-transfer failed: the server sends more than the 2032 bytes of the deal',
    ],
    [
      'the server answers another range',
      (_request, response, file) => {
        response.writeHead(206, { 'content-range': `bytes 5-${file.length - 1}/${file.length}` })
        response.end(file.subarray(5))
      },
      'data-transfer failed: asked for byte 0, the server answers bytes 5-2031/2032',
    ],
    [
      'the server compresses',
      (_request, response, file) => {
        response.writeHead(200, { 'content-encoding': 'gzip' })
        response.end(gzipSync(file))
      },
      'data-transfer failed: the server sends gzip where plain bytes were asked for',
    ],
    [
      'it is not there',
      (_request, response) => response.writeHead(404).end(),
      'data-transfer failed: http req failed: code: 404, status: 404 Not Found',
    ],
    [
      'it is forbidden',
      (_request, response) => response.writeHead(403).end(),
      'data-transfer failed: http req failed: code: 403, status: 403 Forbidden',
    ],
    [
      'it redirects in a circle',
      (request, response) => response.writeHead(301, { location: request.url }).end(),
      'data-transfer failed: stopped after 2 redirects',
    ],
    [
      'it redirects to a file',
      (_request, response) => response.writeHead(301, { location: 'file:///etc/passwd' }).end(),
      'data-transfer failed: the server redirects to something that is no http URL',
    ],
    [
      'the server can never resume',
      (_request, response, file) => {
        response.writeHead(200, { 'content-length': file.length })
        response.write(file.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20))
      },
      'data-transfer failed: the server cannot resume: it began again at byte 0 3 times',
    ],
  ])('because %s ends', async (_why, behaviour, text) => {
    const { uuid } = await deal(payload(2048), behaviour)
    expect((await provider.dealIn(uuid, 'Failed')).failure?.text).toBe(text)
    expect(await status(uuid)).toMatchObject({ status: 'Complete', error: text })
  })

  it('may be proposed again after it has failed', async () => {
    const data = payload(2048)
    const path = '/second-chance'
    const params = client.propose(data, {
      url: server.put(path, data, (_request, response) => response.writeHead(404).end()),
    })
    await proposeDeal(connection, params)
    await provider.dealIn(params.dealUuid, 'Failed')
    server.put(path, data)
    const second = { ...params, dealUuid: client.propose(data, { offline: true }).dealUuid }
    expect(await proposeDeal(connection, second)).toEqual({ accepted: true, message: '' })
    await provider.dealIn(second.dealUuid, 'Transferred')
  })

  it('gives back what it held', async () => {
    const rows = await provider.operator['deals.list']({})
    const live = rows.filter(({ state }) => state === 'Transferred')
    expect(await provider.life.rooms.ledger.held()).toEqual({
      stagingBytes: live.reduce((sum, row) => sum + Number(row.transferSize), 0),
      collateral: BigInt(live.length) * 1_200n,
    })
  })
})
