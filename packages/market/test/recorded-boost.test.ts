import { readFileSync } from 'node:fs'
import {
  CborError,
  dealProposal,
  ItemScanner,
  parseAddress,
  parseCid,
  protocolOfAddress,
  signerOf,
} from '@sealane/actors'
import { verify } from '@sealane/crypto'
import { type AttoFil, attoFil, epoch } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import {
  type AcceptanceSettings,
  askRequest,
  askResponse,
  type DealParams,
  dealParams,
  dealResponse,
  dealStatusRequest,
  dealStatusResponse,
  type Judgement,
  judgeProposal,
  maxDealParamsBytes,
  type ProposalFacts,
  retrievalTransports,
  storageAsk,
} from '../src/index.js'
import { fromHex, toHex } from './go-fields.js'

interface Exchange {
  name: string
  description: string
  headEpoch: number
  requestHex: string
  responseHex: string
}
const read = (file: string) =>
  (JSON.parse(readFileSync(new URL(`./vectors/${file}`, import.meta.url), 'utf8')) as { cases: Exchange[] })
    .cases

const exchanges = read('boost-proposals.json')
const queries = read('boost-queries.json')

/** The devnet provider of the recordings: 4 s blocks, so 6m40s to seal are 100 epochs and 48 h are 43,200. */
const recorded: AcceptanceSettings = {
  provider: parseAddress('t01000'),
  network: 't',
  minDurationEpochs: 518_400,
  maxDurationEpochs: 3_680_640,
  considerOnline: true,
  considerOffline: true,
  considerVerified: true,
  considerUnverified: true,
  blocklist: new Set(),
  expectedSealEpochs: 100,
  maxStartDelayEpochs: 43_200,
}

/** Settings that the recording's own configuration changed. */
const changed: Record<string, Partial<AcceptanceSettings>> = {
  '2-blocklisted': {
    blocklist: new Set([parseCid('baga6ea4seaqjozzjqkv6rzoiabny4kh2nfbxxv76sukg4aohsidicmpsshu6cii')]),
  },
  '2-disabled-all-online': {
    considerOnline: false,
    considerOffline: false,
    considerVerified: false,
    considerUnverified: false,
  },
  '2-disabled-offline-online-still-ok': { considerOffline: false },
  '2-disabled-unverified': { considerUnverified: false },
  '2-disabled-verified': { considerVerified: false },
  '2-start-delay-1h': { maxStartDelayEpochs: 900 },
}

/** Where we answer differently, and why. */
const ours: Record<string, string> = {
  '2-enc-without-DealDataRoot': 'failed validation: proposal DealDataRoot undefined',
  '2-online-size0': 'transfer size 0 is not between 1 and 2032 bytes, the room in a piece of 2048 bytes',
}

/** Facts of the recording's world, read from the answer where only the answer tells them. */
function factsOf(exchange: Exchange, params: DealParams, answer: string): Required<ProposalFacts> {
  const { proposal, clientSignature } = params.clientDealProposal
  const told = (pattern: RegExp) => pattern.exec(answer)?.[1]
  const amount = (pattern: RegExp): AttoFil | undefined => {
    const text = told(pattern)
    return text === undefined ? undefined : attoFil(BigInt(text))
  }
  const max = amount(/above maximum (\d+)$/)
  const dataCap = told(/DataCap (\d+) too small/)
  const identical = /identical to deal (\S+) \(proposed at (.+)\)$/.exec(answer)
  const sameUuid = /same uuid as deal (\S+) \(proposed at (.+)\)$/.exec(answer)
  const filtered = /^2-filter-(?!accept|stdin)/.test(exchange.name)
  return {
    head: epoch(exchange.headEpoch),
    signature: signedByClient(exchange.name, params) && clientSignature.type !== 3 ? 'valid' : 'invalid',
    // Clients propose 6/5 of the least collateral.
    minProviderCollateral:
      amount(/below minimum (\d+)$/) ??
      attoFil(max === undefined ? (proposal.providerCollateral * 5n) / 6n : max / 2n),
    ask: {
      price: attoFil(50_000_000n),
      verifiedPrice: attoFil(5_000_000n),
      minPieceSize: exchange.name === '2-reject-piece-below-min' ? 512n : 256n,
      maxPieceSize: 34_359_738_368n,
    },
    clientAvailable: answer.endsWith('getting market balance')
      ? 'unavailable'
      : (amount(/funds in escrow (\d+) not/) ?? attoFil(50n * 10n ** 18n)),
    dataCap: answer.endsWith('not a verified client')
      ? 'none'
      : dataCap === undefined
        ? 1n << 40n
        : BigInt(dataCap),
    identical: identical === null ? 'none' : { dealUuid: identical[1] ?? '', proposedAt: identical[2] ?? '' },
    sameUuid: sameUuid === null ? 'none' : { dealUuid: sameUuid[1] ?? '', proposedAt: sameUuid[2] ?? '' },
    filter: filtered ? { accept: false, reason: answer } : { accept: true },
    providerFunds: answer.endsWith('insufficient funds to accept deal') ? 'short' : 'enough',
    stagingFreeBytes: answer.endsWith('no space left for storage deals') ? 0n : 'unlimited',
  }
}

/** Key addresses are verified here; for ID addresses the recording's chain knew the key. */
function signedByClient(name: string, params: DealParams): boolean {
  const { proposal, clientSignature } = params.clientDealProposal
  const protocol = protocolOfAddress(proposal.client)
  if (protocol !== 1 && protocol !== 3) return name === '2-accept-offline-client-id-address'
  return verify(clientSignature, signerOf(proposal.client), dealProposal.encode(proposal))
}

/** Answers each need with its fact, and tells which were asked for. */
function judge(params: DealParams, facts: Required<ProposalFacts>, settings: AcceptanceSettings) {
  let known: ProposalFacts = {}
  const asked: string[] = []
  let fromCheck = 0
  for (;;) {
    const judgement: Judgement = judgeProposal(params, known, settings, fromCheck)
    if (judgement.verdict !== 'need') return { judgement, asked }
    fromCheck = judgement.check
    expect(known).not.toHaveProperty(judgement.fact)
    asked.push(judgement.fact)
    known = { ...known, [judgement.fact]: facts[judgement.fact] }
  }
}

const scan = (hex: string) => new ItemScanner({ maxBytes: maxDealParamsBytes }).scan(fromHex(hex))

describe('proposals that Boost answered', () => {
  // Two answers a running Boost gave are no CBOR: a reason of 20,000 bytes, and one of broken UTF-8.
  const answered = exchanges.filter((e) => e.responseHex !== '' && !/long-text|bad-utf8/.test(e.name))

  it.each(answered)('$name: $description', (exchange) => {
    const bytes = fromHex(exchange.requestHex)
    const end = scan(exchange.requestHex)
    const params = dealParams.decode(bytes.subarray(0, end))
    const answer = dealResponse.decode(fromHex(exchange.responseHex))
    const settings = { ...recorded, ...changed[exchange.name] }
    const unsigned = params.clientDealProposal.proposal.pieceCid === ''
    const facts = unsigned ? worldOfEmptyMap : factsOf(exchange, params, answer.message)
    const { judgement } = judge(params, facts, settings)

    const different = ours[exchange.name]
    if (different !== undefined) {
      expect(judgement).toEqual({ verdict: 'reject', reason: different })
    } else if (answer.accepted) {
      expect(judgement).toEqual({ verdict: 'accept' })
    } else if (exchange.name === '2-reject-online-params-libp2p-bad') {
      // The end of Go's text comes from its multiaddr library.
      const [same] = answer.message.split('invalid value')
      expect(judgement).toMatchObject({ verdict: 'reject', reason: expect.stringContaining(same ?? '') })
    } else {
      expect(judgement).toEqual({ verdict: 'reject', reason: answer.message })
    }
    expect(toHex(dealResponse.encode(answer))).toBe(exchange.responseHex)
  })

  const worldOfEmptyMap = { head: epoch(5767) } as Required<ProposalFacts>
})

describe('requests that Boost left without an answer', () => {
  it.each(exchanges.filter((e) => e.responseHex === ''))('$name: $description', ({ name, requestHex }) => {
    let end: number | undefined
    try {
      end = scan(requestHex)
    } catch (cause) {
      expect(cause).toBeInstanceOf(CborError)
      return
    }
    // Slow and truncated ones never become a whole item in time.
    if (end === undefined || name === '2-enc-slow-beyond-deadline') return
    expect(() => dealParams.decode(fromHex(requestHex).subarray(0, end))).toThrow(CborError)
  })
})

describe('what a proposal costs us', () => {
  it('asks the chain nothing but its head before the signature holds', () => {
    const exchange = exchanges.find((e) => e.name === '2-order-all-wrong')
    const params = dealParams.decode(fromHex(exchange?.requestHex ?? ''))
    const facts = { head: epoch(5478), signature: 'invalid' } as Required<ProposalFacts>
    expect(judge(params, facts, recorded).asked).toEqual(['head', 'signature'])
  })

  it('asks for every fact once, in order, before it accepts an online verified deal', () => {
    const exchange = exchanges.find((e) => e.name === '2-online-life')
    const params = dealParams.decode(fromHex(exchange?.requestHex ?? ''))
    const verified = {
      ...params,
      clientDealProposal: {
        ...params.clientDealProposal,
        proposal: { ...params.clientDealProposal.proposal, verifiedDeal: true },
      },
    }
    const facts = { ...factsOf(exchange as Exchange, params, ''), signature: 'valid' as const }
    expect(judge(verified, facts, recorded)).toEqual({
      judgement: { verdict: 'accept' },
      asked: [
        'head',
        'signature',
        'minProviderCollateral',
        'ask',
        'clientAvailable',
        'dataCap',
        'identical',
        'sameUuid',
        'filter',
        'providerFunds',
        'stagingFreeBytes',
      ],
    })
  })

  it.each([
    ['head', 'failed validation: server error: getting chain head'],
    ['minProviderCollateral', 'failed validation: server error: getting collateral bounds'],
    ['clientAvailable', 'failed validation: server error: getting market balance'],
    ['filter', 'server error: deal filter error'],
    ['providerFunds', 'server error: tag funds'],
    ['stagingFreeBytes', 'server error: tag storage'],
  ])('refuses rather than guess when %s cannot be had', (fact, reason) => {
    const exchange = exchanges.find((e) => e.name === '2-online-life')
    const params = dealParams.decode(fromHex(exchange?.requestHex ?? ''))
    const facts = { ...factsOf(exchange as Exchange, params, ''), [fact]: 'unavailable' }
    expect(judge(params, facts, recorded).judgement).toEqual({ verdict: 'reject', reason })
  })
})

describe('an answer too long for a Go client', () => {
  it('is cut to 8 KiB between characters', () => {
    const { message } = dealResponse.decode(
      dealResponse.encode({ accepted: false, message: `x${'é'.repeat(9000)}` }),
    )
    expect(new TextEncoder().encode(message).length).toBe(8191)
    expect(message.endsWith('é')).toBe(true)
  })
})

describe('queries that Boost answered', () => {
  const inProtocol = (end: string) =>
    queries.filter((q) => q.responseHex !== '' && 'protocol' in q && String(q.protocol).includes(end))

  it.each(inProtocol('/status/'))('$name', ({ requestHex, responseHex }) => {
    const request = dealStatusRequest.decodePrefix(fromHex(requestHex)).value
    const response = dealStatusResponse.decode(fromHex(responseHex))
    expect(response.dealUuid).toBe(request.dealUuid)
    expect(toHex(dealStatusResponse.encode(response))).toBe(responseHex)
  })

  it.each(inProtocol('/ask/'))('$name', ({ requestHex, responseHex }) => {
    const { miner } = askRequest.decode(fromHex(requestHex))
    const { ask } = askResponse.decode(fromHex(responseHex))
    expect(toHex(askResponse.encode({ ask }))).toBe(responseHex)
    if (ask?.ask == null) expect(miner).not.toBe(parseAddress('t01000'))
    else expect(storageAsk.decode(storageAsk.encode(ask.ask))).toEqual(ask.ask)
  })

  it.each(inProtocol('/transports/'))('$name', ({ responseHex }) => {
    const transports = retrievalTransports.decode(fromHex(responseHex))
    expect(transports.protocols.map((p) => p.name)).toEqual(['libp2p'])
    expect(toHex(retrievalTransports.encode(transports))).toBe(responseHex)
  })
})
