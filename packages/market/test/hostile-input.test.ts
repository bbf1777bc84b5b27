import { readFileSync } from 'node:fs'
import { CborError, ItemScanner, idAddress, undefinedCid } from '@sealane/actors'
import { attoFil, epoch } from '@sealane/fil-units'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AcceptanceSettings,
  askRequest,
  type DealParams,
  dealParams,
  dealStatusRequest,
  decodeTransferParams,
  judgeProposal,
  maxDealParamsBytes,
  type ProposalFacts,
  parseTransferUrl,
  TransferParamsError,
  TransferRefused,
  transferHeaders,
} from '../src/index.js'
import { fromHex } from './go-fields.js'

const recorded = (
  JSON.parse(readFileSync(new URL('./vectors/boost-proposals.json', import.meta.url), 'utf8')) as {
    cases: { name: string; requestHex: string }[]
  }
).cases
const proposalBytes = fromHex(recorded.find((c) => c.name === '2-online-life')?.requestHex ?? '')
const proposal = dealParams.decode(proposalBytes)

/** Runs work on bytes; only CborError may come out. */
function decodes(bytes: Uint8Array): void {
  for (const codec of [dealParams, dealStatusRequest, askRequest]) {
    try {
      codec.decodePrefix(bytes)
    } catch (cause) {
      if (!(cause instanceof CborError)) throw cause
    }
  }
  try {
    new ItemScanner({ maxBytes: maxDealParamsBytes }).scan(bytes)
  } catch (cause) {
    if (!(cause instanceof CborError)) throw cause
  }
}

describe('bytes from strangers', () => {
  it('of any kind end in a value or a CborError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => decodes(bytes)),
      { numRuns: 3000 },
    )
  })

  it('that were a proposal once, too', () => {
    const change = fc.record({ at: fc.nat(proposalBytes.length - 1), byte: fc.nat(255), cut: fc.nat(20) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Uint8Array.from(proposalBytes)
        for (const { at, byte } of changes) bytes[at] = byte
        decodes(changes[0]?.cut === 0 ? bytes.subarray(0, changes[0].at) : bytes)
      }),
      { numRuns: 3000 },
    )
  })

  it('cost next to nothing when they claim to be long', () => {
    const claims = [
      '5b7fffffffffffffff',
      '9b7fffffffffffffff',
      'bb7fffffffffffffff',
      '7b7fffffffffffffff',
      'da7fffffff'.repeat(50),
    ]
    const began = performance.now()
    for (let i = 0; i < 200; i += 1) for (const claim of claims) decodes(fromHex(claim))
    expect((performance.now() - began) / (200 * claims.length)).toBeLessThan(1)
  })
})

describe('texts from strangers', () => {
  it('as parameters, URLs or headers end in a value or an error with a name', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.webUrl()), (text) => {
        try {
          parseTransferUrl(decodeTransferParams(new TextEncoder().encode(text)).url)
          parseTransferUrl(text)
        } catch (cause) {
          if (!(cause instanceof TransferParamsError)) throw cause
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['X-Evil', 'a\r\nHost: inside'],
    ['X-Evil', 'a\nb'],
    ['X-Evil', 'a\0b'],
    ['X Evil', 'a'],
    ['X-Evil:', 'a'],
    ['', 'a'],
    ['Host', 'inside'],
    ['hOsT', 'inside'],
    ['Content-Length', '0'],
    ['Transfer-Encoding', 'chunked'],
    ['Connection', 'keep-alive'],
    ['Range', 'bytes=0-'],
    ['Accept-Encoding', 'gzip'],
    ['X-Evil', 'snow\u2603'],
  ])('never set the header %j to %j', (name, value) => {
    expect(() => transferHeaders({ [name]: value })).toThrow(TransferRefused)
  })

  it('set harmless headers, and __proto__ is one of them', () => {
    const headers = JSON.parse('{"Authorization":"Bearer x","X-A":"1","__proto__":"2"}') as Record<
      string,
      string
    >
    const sent = transferHeaders(headers)
    expect(Object.entries(sent)).toEqual([
      ['authorization', 'Bearer x'],
      ['x-a', '1'],
      ['__proto__', '2'],
    ])
    expect(Object.getPrototypeOf(sent)).toBe(Object.prototype)
  })
})

describe('absurd numbers', () => {
  const settings: AcceptanceSettings = {
    provider: idAddress(1000),
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
  const facts: ProposalFacts = {
    head: epoch(5730),
    signature: 'valid',
    minProviderCollateral: attoFil(5_000_000_000n),
    ask: { price: attoFil(0n), verifiedPrice: attoFil(0n), minPieceSize: 256n, maxPieceSize: 1n << 35n },
    clientAvailable: attoFil(10n ** 18n),
    dataCap: 0n,
    identical: 'none',
    sameUuid: 'none',
    filter: { accept: true },
    providerFunds: 'enough',
    stagingFreeBytes: 'unlimited',
  }
  const huge = fc.bigInt({ min: -(2n ** 1000n), max: 2n ** 1000n })
  const anyEpoch = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })

  it('are judged without a throw, and never accepted', () => {
    fc.assert(
      fc.property(
        huge,
        huge,
        huge,
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        anyEpoch,
        anyEpoch,
        (price, mine, theirs, size, start, end) => {
          const { proposal: sound } = proposal.clientDealProposal
          const absurd = {
            ...sound,
            storagePricePerEpoch: attoFil(price),
            providerCollateral: attoFil(mine),
            clientCollateral: attoFil(theirs),
            pieceSize: size as typeof sound.pieceSize,
            startEpoch: epoch(start),
            endEpoch: epoch(end),
          }
          const params: DealParams = {
            ...proposal,
            clientDealProposal: { ...proposal.clientDealProposal, proposal: absurd },
          }
          expect(judgeProposal(params, facts, settings).verdict).toBe('reject')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    [{ clientCollateral: attoFil(-1n) }, 'failed validation: proposed client collateral -1 is negative'],
    [
      { storagePricePerEpoch: attoFil(-1n) },
      'failed validation: storage price per epoch less than asking price: -1 < 0',
    ],
    [{ label: 'x'.repeat(257) }, 'failed validation: server error: validating signature'],
    [{ label: new Uint8Array(257) }, 'failed validation: server error: validating signature'],
    [{ pieceCid: undefinedCid }, 'failed validation: proposal PieceCID undefined'],
  ])('are told by name (%#)', (change, reason) => {
    const { clientDealProposal: signed } = proposal
    const params = {
      ...proposal,
      clientDealProposal: { ...signed, proposal: { ...signed.proposal, ...change } },
    }
    expect(judgeProposal(params, facts, settings)).toEqual({ verdict: 'reject', reason })
  })
})
