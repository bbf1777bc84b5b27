import {
  bigInt,
  type ClientDealProposal,
  clientDealProposal,
  dagCborSha256Cid,
  proposalSigningBytes,
  signedProposalCid,
} from '@sealane/actors'
import {
  askProtocol,
  askResponse,
  type DealStatusResponse,
  dealParams,
  dealProtocols,
  dealResponse,
  dealStatusRequest,
  dealStatusResponse,
  retrievalTransports,
  type StorageAsk,
  signedStorageAsk,
  statusProtocol,
  transportsProtocol,
} from '@sealane/market'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bytesOf,
  type Exchange,
  exchangeNamed,
  exchanges,
  otherRecordings,
} from '../testing/boost-recordings.js'
import { BoostWorld, recordedReadTimeoutMs } from '../testing/boost-world.js'
import { TestHome } from '../testing/provider-under-test.js'

const redis = localRedis()
const dir = temporaryDirectory()
let world: BoostWorld
let home: TestHome

beforeAll(async () => {
  home = new TestHome(redis.url)
  world = await BoostWorld.start({ dir, redisUrl: redis.url, head: 5_083 })
})
afterAll(async () => {
  await world?.stop()
  await home?.close()
})

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const spoken = (protocol: string) => exchanges.filter((exchange) => exchange.protocol === protocol)
/** A request that got no answer, not even from a proxy. */
const unanswered = ({ name, responseHex }: Exchange) => responseHex === '' && !name.startsWith('4-')

describe('a status, as a real Boost told it', () => {
  const proposals = exchanges.filter(({ protocol }) => dealProtocols.some((one) => one === protocol))
  const uuidOf = (exchange: Exchange) => hex(bytesOf(exchange.requestHex)).slice(22, 54)

  /** Has the deal accepted that the recorded status is of. */
  async function accept(dealUuid: string): Promise<void> {
    if ((await world.provider.life.rooms.deals.read(dealUuid)) !== undefined) return
    const proposal = proposals.find((one) => uuidOf(one) === dealUuid.replaceAll('-', ''))
    if (proposal === undefined) return
    world.arrange(proposal)
    const { bytes, end } = await world.send(proposal)
    expect({ end, ...dealResponse.decode(bytes) }).toEqual({ end: 'eof', accepted: true, message: '' })
  }

  /** Brings it to the end that was recorded. */
  const ends: Record<string, (dealUuid: string) => Promise<unknown>> = {
    '3-status-cancelled': (id) => world.provider.operator['deals.cancel']({ id }),
    '3-status-start-elapsed': async () => {
      world.clock.skip(60_000)
      world.chain.head = 6_675
      await world.provider.life.rooms.expire.sweep()
    },
  }

  /**
   * What Boost said, without its two faults here: it tells the state of sector 0 of deals that are in no sector, and the
   * CID of a signed proposal is of bytes that nobody signed, for its IPLD library writes an amount of zero as null.
   */
  function withoutFaults(answer: DealStatusResponse, ours: DealStatusResponse): DealStatusResponse {
    const { dealStatus: theirs } = answer
    if (theirs === null || ours.dealStatus === null) return answer
    expect(theirs.sealingStatus).toBe('Proving')
    const signed = signedOf(answer.dealUuid)
    expect(theirs.signedProposalCid).toBe(cidWithNulls(signed))
    return {
      ...answer,
      dealStatus: { ...theirs, sealingStatus: '', signedProposalCid: signedProposalCid(signed) },
    }
  }

  function signedOf(dealUuid: string): ClientDealProposal {
    const proposal = proposals.find((one) => uuidOf(one) === dealUuid.replaceAll('-', ''))
    if (proposal === undefined) throw new TypeError(`no recorded proposal of deal ${dealUuid}`)
    return dealParams.decodePrefix(bytesOf(proposal.requestHex)).value.clientDealProposal
  }

  /** Source: ipfs/go-ipld-cbor Decode, which reads an empty byte string as a nil slice and writes that as null. */
  function cidWithNulls(signed: ClientDealProposal): string {
    const { storagePricePerEpoch, providerCollateral, clientCollateral } = signed.proposal
    const amounts = [storagePricePerEpoch, providerCollateral, clientCollateral]
    const asSigned = Buffer.concat(amounts.map((amount) => bigInt.encode(amount)))
    const asNulls = Buffer.concat(
      amounts.map((amount) => (amount === 0n ? Uint8Array.of(0xf6) : bigInt.encode(amount))),
    )
    const bytes = Buffer.from(clientDealProposal.encode(signed))
    const at = bytes.indexOf(asSigned, proposalSigningBytes(signed.proposal).length + 1 - asSigned.length)
    return dagCborSha256Cid(
      Buffer.concat([bytes.subarray(0, at), asNulls, bytes.subarray(at + asSigned.length)]),
    )
  }

  // Those with a number are of online deals on their way: transfer/boost-transfers.test.ts.
  const still = spoken(statusProtocol).filter(({ name }) => !/-\d\d-(?!error)/.test(name))

  it.each(still)('$name: $description', async (exchange) => {
    if (unanswered(exchange)) {
      const heard = await world.send(exchange)
      expect({ end: heard.end, bytes: heard.bytes.length }).toEqual({ end: 'eof', bytes: 0 })
      return expect(heard.tookMs).toBeLessThan(recordedReadTimeoutMs)
    }
    const { dealUuid } = dealStatusRequest.decodePrefix(bytesOf(exchange.requestHex)).value
    const recorded =
      exchange.responseHex === '' ? undefined : dealStatusResponse.decode(bytesOf(exchange.responseHex))
    const absent = recorded?.error.startsWith('no storage deal found') ?? false
    if (dealUuid === '00000000-0000-0000-0000-000000000000') await acceptZero()
    else if (!absent) await accept(dealUuid)
    await ends[exchange.name]?.(dealUuid)

    const heard = await world.send(exchange)
    expect(heard.end).toBe('eof')
    const answer = dealStatusResponse.decode(heard.bytes)
    // A proxy kept Boost's answer back; the wallet was not the deal's.
    if (recorded === undefined) return expect(answer.error).toBe('signature verification failed')
    expect(answer).toEqual(withoutFaults(recorded, answer))
  })

  async function acceptZero(): Promise<void> {
    const exchange = exchangeNamed('2-enc-without-DealUUID')
    world.arrange(exchange)
    expect(dealResponse.decode((await world.send(exchange)).bytes)).toEqual({ accepted: true, message: '' })
  }
})

describe('how data can be had again, as a real Boost told it', () => {
  it.each(spoken(transportsProtocol))('$name: $description', async (exchange) => {
    const heard = await world.send(exchange)
    expect(heard.end).toBe('eof')
    const answer = retrievalTransports.decode(heard.bytes)
    const recorded = retrievalTransports.decode(bytesOf(exchange.responseHex))
    expect(answer.protocols.map(({ name }) => name)).toEqual(recorded.protocols.map(({ name }) => name))
    const ours = world.provider.life.rooms.host.getMultiaddrs().map(({ bytes }) => hex(bytes))
    expect(answer.protocols[0]?.addresses.map(hex)).toEqual(ours)
  })
})

describe('what a real Boost is known to speak', () => {
  const market = /^\/fil\/(?:storage\/(?:mk|status|ask)|retrieval\/transports)\/|^\/ipfs\/(?:id|ping)\/1/

  it.each(otherRecordings.filter(({ name }) => name.startsWith('1-identify')))(
    '$name: ours speaks all of it that is about deals',
    async ({ protocols = [] }) => {
      const ours = await world.provider.operator['net.id']({})
      const wanted = protocols.filter((protocol) => market.test(protocol))
      expect(wanted.length).toBeGreaterThan(6)
      expect(ours.protocols).toEqual(expect.arrayContaining(wanted))
    },
  )
})

describe('an ask, as a real Boost showed it', () => {
  /** Sets the recorded terms, and lets home sign as the recorded worker did. */
  async function show(recorded: StorageAsk, signed: Uint8Array): Promise<void> {
    for (;;) {
      const row = await world.provider.operator['asks.get']({})
      if (row?.sequence === recorded.sequence) break
      world.clock.skip(60_000)
      world.chain.head = recorded.timestamp
      await world.provider.operator['asks.set']({
        price: recorded.price.toString(),
        verifiedPrice: recorded.verifiedPrice.toString(),
        minPieceSize: recorded.minPieceSize.toString(),
        maxPieceSize: recorded.maxPieceSize.toString(),
        durationEpochs: recorded.expiry - recorded.timestamp,
      })
    }
    const signedAsk = Buffer.from(signed).toString('base64')
    await home.say('ask', { kind: 'askSigned', sequence: recorded.sequence, signedAsk, refusal: null })
    await until(
      'the ask to be signed',
      () => world.provider.operator['asks.get']({}),
      (row) => row?.signed === true,
    )
  }

  const sequenceOf = ({ responseHex }: Exchange) =>
    responseHex === '' ? -1 : (askResponse.decode(bytesOf(responseHex)).ask?.ask?.sequence ?? -1)
  const inOrder = spoken(askProtocol).sort((a, b) => sequenceOf(a) - sequenceOf(b))

  it.each(inOrder)('$name: $description', async (exchange) => {
    if (unanswered(exchange)) {
      const heard = await world.send(exchange)
      return expect({ end: heard.end, bytes: heard.bytes.length }).toEqual({ end: 'eof', bytes: 0 })
    }
    // A proxy kept Boost's answer back: ours is that of any other request.
    const recorded = exchange.responseHex === '' ? exchangeNamed('1-ask').responseHex : exchange.responseHex
    const { ask } = askResponse.decode(bytesOf(recorded))
    if (exchange.name === '1-ask-updated-again') {
      const { price, verifiedPrice } = ask?.ask ?? { price: 0n, verifiedPrice: 0n }
      const terms = { price: String(price), verifiedPrice: String(verifiedPrice), minPieceSize: '300' }
      return await expect(world.provider.operator['asks.set'](terms)).rejects.toThrow('power of 2')
    }
    if (ask?.ask) await show(ask.ask, signedStorageAsk.encode(ask))
    const heard = await world.send(exchange)
    expect(heard.end).toBe('eof')
    expect(hex(heard.bytes)).toBe(recorded)
  })
})
