import { readFileSync } from 'node:fs'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { parseAddress } from '@sealane/actors'
import { createLibp2p } from 'libp2p'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  askProtocol,
  askResponse,
  dealParams,
  dealProtocols,
  dealResponse,
  dealStatusRequest,
  dealStatusResponse,
  retrievalTransports,
  statusProtocol,
  transportsProtocol,
} from '../src/index.js'
import { proposeDeal, queryAsk, queryDealStatus, queryTransports } from '../src/node/index.js'

interface Exchange {
  name: string
  protocol?: string
  requestHex: string
  responseHex: string
}
const read = (file: string) =>
  (JSON.parse(readFileSync(new URL(`./vectors/${file}`, import.meta.url), 'utf8')) as { cases: Exchange[] })
    .cases
const bytesOf = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))

/** Two answers of a running Boost are no CBOR: a reason of 20,000 bytes, and one of broken UTF-8. */
const broken = ['2-filter-long-text', '2-filter-bad-utf8']
const proposals = read('boost-proposals.json')
const queries = read('boost-queries.json')
const [sample] = proposals
const params = dealParams.decodePrefix(bytesOf(sample?.requestHex ?? '')).value

let provider: Libp2p
let connection: Connection
/** What the provider's side does with a stream once the question has begun to come. */
let reply: (stream: Stream) => void = () => {}

const host = () =>
  createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  })
let client: Libp2p

beforeAll(async () => {
  provider = await host()
  client = await host()
  connection = await client.dial(provider.getMultiaddrs())
  for (const protocol of [...dealProtocols, statusProtocol, askProtocol]) {
    await provider.handle(protocol, (stream) => {
      let begun = false
      stream.addEventListener('message', () => {
        if (!begun) reply(stream)
        begun = true
      })
    })
  }
  await provider.handle(transportsProtocol, (stream) => reply(stream))
})
afterAll(async () => {
  await client?.stop()
  await provider?.stop()
})

/** Answers as Boost does: one item, then the end. */
const saying = (bytes: Uint8Array) => (stream: Stream) => {
  stream.send(bytes)
  void stream.close()
}

describe('our client hears a real Boost', () => {
  it.each(proposals.filter((one) => one.responseHex !== '' && !broken.includes(one.name)))(
    'its answer to $name',
    async ({ responseHex }) => {
      reply = saying(bytesOf(responseHex))
      expect(await proposeDeal(connection, params)).toEqual(dealResponse.decode(bytesOf(responseHex)))
    },
  )

  it.each(proposals.filter(({ name }) => broken.includes(name)))(
    'its broken answer to $name, in a plain error',
    async ({ responseHex }) => {
      reply = saying(bytesOf(responseHex))
      await expect(proposeDeal(connection, params)).rejects.toMatchObject({
        code: expect.stringMatching(/^(STREAM_ENDED|MALFORMED)$/),
      })
    },
  )

  const of = (protocol: string) =>
    queries.filter((one) => one.protocol === protocol && one.responseHex !== '')

  it.each(of(statusProtocol))('its status $name', async ({ requestHex, responseHex }) => {
    reply = saying(bytesOf(responseHex))
    const { dealUuid, signature } = dealStatusRequest.decodePrefix(bytesOf(requestHex)).value
    const answer = await queryDealStatus(connection, { dealUuid, signature })
    expect(answer).toEqual(dealStatusResponse.decode(bytesOf(responseHex)))
    expect(answer.dealUuid).toBe(dealUuid)
  })

  it.each(of(askProtocol))('its ask $name', async ({ responseHex }) => {
    reply = saying(bytesOf(responseHex))
    expect(await queryAsk(connection, parseAddress('t01000'))).toEqual(
      askResponse.decode(bytesOf(responseHex)).ask,
    )
  })

  it.each(of(transportsProtocol))('its transports $name', async ({ responseHex }) => {
    reply = saying(bytesOf(responseHex))
    expect(await queryTransports(connection)).toEqual(retrievalTransports.decode(bytesOf(responseHex)))
  })

  it.each<[string, (stream: Stream) => void, string]>([
    ['nothing', (stream) => void stream.close(), 'STREAM_ENDED'],
    ['a reset', (stream) => stream.abort(new Error('reset')), 'STREAM_(?:RESET|ENDED)'],
    ['what is no map', saying(new TextEncoder().encode('garbage')), 'WRONG_TYPE'],
  ])('%s, in a plain error', async (_what, how, code) => {
    reply = how
    await expect(proposeDeal(connection, params)).rejects.toMatchObject({ code: expect.stringMatching(code) })
  })
})
