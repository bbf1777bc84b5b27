import { verify } from '@sealane/crypto'
import { lotusMessageFiles, lotusRecording } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import * as actors from '../src/index.js'
import { type ActorKind, type Codec, type MessageJson, type SignedMessageJson } from '../src/index.js'
import { bytes, hex } from './recorded.js'

interface Call {
  to: string
  method: number
  paramsHex: string
  returnHex: string
  exitCode: number
  subcalls: Call[]
}

interface RecordedMessage {
  name: string
  messageCid: string
  actor: ActorKind
  method: number
  methodName: string
  message: MessageJson
  paramsHex: string
  receipt: { ExitCode: number }
  returnHex: string
  signedMessageAsPushed?: SignedMessageJson
  executionTrace: Call
}

/** Codecs of params and returns, by actor and method; a method that takes or returns nothing has an empty one. */
const codecs: Record<string, { params?: Codec<unknown>; returns?: Codec<unknown> }> = {
  'storageminer 3': { params: actors.changeWorkerAddressParams },
  'storageminer 4': { params: actors.changePeerIdParams },
  'storageminer 5': { params: actors.submitWindowedPostParams },
  'storageminer 9': { params: actors.terminateSectorsParams, returns: actors.terminateSectorsReturn },
  'storageminer 10': { params: actors.declareFaultsParams },
  'storageminer 11': { params: actors.declareFaultsRecoveredParams },
  'storageminer 14': { params: actors.applyRewardsParams },
  'storageminer 16': { params: actors.minerWithdrawBalanceParams, returns: actors.withdrawBalanceReturn },
  'storageminer 18': { params: actors.changeMultiaddrsParams },
  'storageminer 20': { params: actors.compactSectorNumbersParams },
  'storageminer 21': {},
  'storageminer 22': {},
  'storageminer 23': { params: actors.address },
  'storageminer 28': { params: actors.preCommitSectorBatchParams2 },
  'storageminer 30': { params: actors.changeBeneficiaryParams },
  'storageminer 32': { params: actors.extendSectorExpiration2Params },
  'storageminer 34': { params: actors.proveCommitSectors3Params, returns: actors.proveCommitSectors3Return },
  'storageminer 35': { params: actors.proveReplicaUpdates3Params, returns: actors.batchReturn },
  'storagemarket 2': { params: actors.addBalanceParams },
  'storagemarket 3': { params: actors.marketWithdrawBalanceParams, returns: actors.withdrawBalanceReturn },
  'storagemarket 4': { params: actors.publishStorageDealsParams, returns: actors.publishStorageDealsReturn },
  'storagemarket 1900091594': { params: actors.bitfield, returns: actors.settleDealPaymentsReturn },
  'storagepower 2': { params: actors.createMinerParams, returns: actors.createMinerReturn },
  'verifiedregistry 2': { params: actors.addVerifiedClientParams },
  'verifiedregistry 11': { params: actors.extendClaimTermsParams, returns: actors.batchReturn },
  'datacap 80475954': { params: actors.transferParams, returns: actors.transferReturn },
}

/** What was sent to methods that no longer exist, or on purpose as garbage. */
const nonsense = new Set([
  'fail-06-method-removed',
  'fail-07-method-removed',
  'fail-16-bad-params',
  'fail-26-prove-commit-aggregate',
  'fail-27-prove-replica-updates-1',
  'fail-no-such-method',
])

function roundTrip(codec: Codec<unknown>, encoded: string): void {
  expect(hex(codec.encode(codec.decode(bytes(encoded))))).toBe(encoded)
}

function calls(call: Call): Call[] {
  return [call, ...(call.subcalls ?? []).flatMap(calls)]
}

const recordings = lotusMessageFiles().map((file) => lotusRecording<RecordedMessage>(`messages/${file}`))

describe('messages of a real Lotus network', () => {
  it.each(recordings)('$name: params and return decode and encode to the same bytes', (c) => {
    if (c.method === actors.SEND) {
      expect(c.paramsHex).toBe('')
      return
    }
    if (nonsense.has(c.name)) {
      expect([21, 22]).toContain(c.receipt.ExitCode)
      return
    }
    const codec = codecs[`${c.actor} ${c.method}`]
    if (codec === undefined) throw new Error(`no codec for ${c.actor} ${c.method}`)
    if (codec.params === undefined) expect(c.paramsHex).toBe('')
    else roundTrip(codec.params, c.paramsHex)
    if (codec.returns === undefined || c.receipt.ExitCode !== 0) expect(c.returnHex).toBe('')
    else roundTrip(codec.returns, c.returnHex)
  })

  it.each(recordings)('$name: JSON, CBOR and CIDs agree', (c) => {
    const message = actors.messageFromJson(c.message)
    expect(hex(message.params)).toBe(c.paramsHex)
    expect(actors.messageToJson(message, 't')).toEqual({
      ...c.message,
      CID: { '/': actors.messageCid(message) },
    })
    expect(actors.decodeMessage(actors.encodeMessage(message))).toEqual(message)
    // The API prints the chain's id, which for BLS senders is the CID of the unsigned message.
    if (actors.protocolOfAddress(message.from) === actors.addressProtocol.bls) {
      expect(actors.messageCid(message)).toBe(c.messageCid)
    }
    if (c.signedMessageAsPushed === undefined) return
    const signed = actors.signedMessageFromJson(c.signedMessageAsPushed)
    expect(signed.message).toEqual(message)
    expect(actors.signedMessageCid(signed)).toBe(c.messageCid)
    expect(actors.signedMessageToJson(signed, 't').CID).toEqual(c.signedMessageAsPushed.CID)
    expect(actors.decodeSignedMessage(actors.encodeSignedMessage(signed))).toEqual(signed)
    expect(verify(signed.signature, actors.signerOf(message.from), actors.signingBytes(message))).toBe(true)
  })

  it.each(recordings)('$name: the method has its name', (c) => {
    const known = actors.methodName(c.actor, c.method)
    if (c.name === 'fail-no-such-method') expect(known).toBeUndefined()
    // The recording calls method 14 by 13's name; the method tables of go-state-types have ApplyRewards.
    else if (c.name === 'fail-14-caller-not-allowed') expect(known).toBe('ApplyRewards')
    // '?' is what the recorder wrote for methods that its own table did not hold.
    else if (c.methodName === '?') expect(known).toBeDefined()
    else expect([c.methodName, c.methodName.replace(/Exported$/, '')]).toContain(known)
  })

  const notifications = recordings.flatMap((c) =>
    calls(c.executionTrace).filter(
      (call) => call.method === actors.marketMethods.SectorContentChanged && call.to === 't05',
    ),
  )

  it('holds notifications to the market', () => {
    expect(notifications.length).toBeGreaterThan(0)
  })

  it.each(notifications)('a miner tells f05 about its sectors: $paramsHex', (call) => {
    roundTrip(actors.sectorContentChangedParams, call.paramsHex)
    roundTrip(actors.sectorContentChangedReturn, call.returnHex)
    const [sector] = actors.sectorContentChangedParams.decode(bytes(call.paramsHex))
    const payload = sector?.added[0]?.payload ?? new Uint8Array(0)
    expect(actors.dealIdPayload(actors.uint.decode(payload))).toEqual(payload)
  })

  it('names the deals that were published', () => {
    const published = recordings.filter((c) => c.name.startsWith('market-04-publish'))
    for (const c of published) {
      const { deals } = actors.publishStorageDealsParams.decode(bytes(c.paramsHex))
      const ids = actors.publishedDealIds(
        deals.length,
        actors.publishStorageDealsReturn.decode(bytes(c.returnHex)),
      )
      expect(ids.every((id) => typeof id === 'number')).toBe(true)
      for (const deal of deals) {
        expect(actors.dealProposalCid(deal.proposal)).toMatch(/^bafy2bzace/)
        expect(actors.signedProposalCid(deal)).toMatch(/^bafyrei/)
      }
    }
    expect(published.length).toBeGreaterThan(0)
  })
})
