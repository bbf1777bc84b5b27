import {
  address as addressCodec,
  bigIntBytes,
  bool,
  CborError,
  type Codec,
  cid,
  clientDealProposal,
  dagCborSha256Cid,
  dealProposal,
  dealProposalCid,
  field,
  int,
  map,
  nullable,
  parseCid,
  signerOf,
  text,
  tuple,
  uint64,
} from '@sealane/actors'
import { verify } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  askRequest,
  askResponse,
  checkpoints,
  dealParams,
  dealParamsV120,
  dealResponse,
  dealStatus,
  dealStatusRequest,
  dealStatusResponse,
  dealUuid,
  dealUuidBytes,
  parseDealUuid,
  signedStorageAsk,
  storageAsk,
  transfer,
} from '../src/index.js'
import * as go from './go-fields.js'

interface Case {
  kind: string
  type: string
  variant: string
  mutation: string
  wire: string
  as: string
  cbor: string
  fields: go.GoFields
  ok: boolean
  unread_bytes: number
  reencode_same_as_original?: boolean
  reencode_error?: string | null
  reencoded_equals_1_2_0?: boolean
  SkipIPNIAnnounce?: boolean
  RemoveUnsealedCopy?: boolean
  keys: string[]
  name: string
  value: number
  client: string
  worker: string
  sign_bytes?: string
  [other: string]: unknown
}

const recorded = recordedCases(import.meta.filename, 'market-mk12.json')
const of = (kind: string) => recorded<Case>(kind)

/** Three messages of the file never travel between a client and us; here they hold the combinators to the reference. */
const directDealParams = map({
  uuid: field('DealUUID', dealUuid),
  endEpoch: field('EndEpoch', int),
  filePath: field('FilePath', text),
  pieceCid: field('PieceCid', cid),
  client: field('ClientAddr', addressCodec),
  startEpoch: field('StartEpoch', int),
  allocationId: field('AllocationID', uint64),
  skipIpniAnnounce: field('SkipIPNIAnnounce', bool),
  deleteAfterImport: field('DeleteAfterImport', bool),
  removeUnsealedCopy: field('RemoveUnsealedCopy', bool),
})
const contractParams = tuple({
  locationRef: text,
  carSize: uint64,
  skipIpniAnnounce: bool,
  removeUnsealedCopy: bool,
})
const fiveFieldAsk = map({
  miner: field('Miner', addressCodec),
  price: field('Price', bigIntBytes),
  maxPieceSize: field('MaxPieceSize', uint64),
  minPieceSize: field('MinPieceSize', uint64),
  verifiedPrice: field('VerifiedPrice', bigIntBytes),
})

interface Kind<T = unknown> {
  codec: Codec<T>
  value: (fields: go.GoFields) => T
}
const kind = <T>(codec: Codec<T>, value: (fields: go.GoFields) => T) => ({ codec, value }) as Kind

const kinds: Record<string, Kind> = {
  DealParams: kind(dealParams, go.dealParams),
  DealParamsV120: kind(dealParamsV120, go.dealParams),
  Transfer: kind(transfer, go.transfer),
  DealResponse: kind(dealResponse, (f) => ({ accepted: f.Accepted === true, message: String(f.Message) })),
  DealStatusRequest: kind(dealStatusRequest, (f) => ({
    dealUuid: parseDealUuid(String(f.DealUUID)),
    signature: go.signature(f.Signature as go.GoFields),
  })),
  DealStatusResponse: kind(dealStatusResponse, go.dealStatusResponse),
  DealStatus: kind(dealStatus, go.dealStatus),
  'legacy.StorageAsk': kind(storageAsk, go.storageAsk),
  'legacy.SignedStorageAsk': kind(signedStorageAsk, go.signedStorageAsk),
  AskRequest: kind(askRequest, (f) => ({ miner: go.address(f.Miner) })),
  AskResponse: kind(askResponse, (f) => ({
    ask: f.Ask === null ? null : go.signedStorageAsk(f.Ask as go.GoFields),
  })),
  StorageAsk: kind(fiveFieldAsk, (f) => ({
    miner: go.address(f.Miner),
    price: attoFil(BigInt(String(f.Price))),
    verifiedPrice: attoFil(BigInt(String(f.VerifiedPrice))),
    minPieceSize: BigInt(String(f.MinPieceSize)),
    maxPieceSize: BigInt(String(f.MaxPieceSize)),
  })),
  DirectDealParams: kind(directDealParams, (f) => ({
    uuid: parseDealUuid(String(f.DealUUID)),
    endEpoch: Number(f.EndEpoch),
    filePath: String(f.FilePath),
    pieceCid: parseCid(String(f.PieceCid)),
    client: go.address(f.ClientAddr),
    startEpoch: Number(f.StartEpoch),
    allocationId: BigInt(String(f.AllocationID)),
    skipIpniAnnounce: f.SkipIPNIAnnounce === true,
    deleteAfterImport: f.DeleteAfterImport === true,
    removeUnsealedCopy: f.RemoveUnsealedCopy === true,
  })),
  ContractParamsVersion1: kind(contractParams, (f) => ({
    locationRef: String(f.LocationRef),
    carSize: BigInt(String(f.CarSize)),
    skipIpniAnnounce: f.SkipIpniAnnounce === true,
    removeUnsealedCopy: f.RemoveUnsealedCopy === true,
  })),
}
const kindOf = (type: string): Kind => {
  const found = kinds[type]
  if (found === undefined) throw new Error(`no codec for ${type}`)
  return found
}

describe('every message, byte for byte as Boost writes it', () => {
  it.each(of('encode').map((c, i) => ({ ...c, title: `${c.type} ${c.variant} #${i}` })))('$title', (c) => {
    const { codec, value } = kindOf(c.type)
    if (holdsUnsafeEpoch(c.fields)) {
      // The house keeps epochs in plain numbers: what does not fit is refused by name, never rounded.
      expect(() => codec.decode(go.fromHex(c.cbor))).toThrow(
        expect.objectContaining({ code: 'UNSAFE_INTEGER' }),
      )
      return
    }
    expect(go.toHex(codec.encode(value(c.fields)))).toBe(c.cbor)
    expect(codec.decode(go.fromHex(c.cbor))).toEqual(value(c.fields))
  })

  it.each(of('map_key_order'))('$type writes its keys in order', ({ type, keys }) => {
    const { codec } = kindOf(type)
    const example = of('encode').find((c) => c.type === type)
    const bytes = example
      ? go.fromHex(example.cbor)
      : codec.encode(of('encode').flatMap((c) => statusOf(c))[0])
    const wire = go.toHex(bytes)
    const places = keys.map((key) =>
      wire.indexOf(go.toHex(Uint8Array.of(0x60 + key.length, ...Buffer.from(key)))),
    )
    expect(places.every((place) => place > 0)).toBe(true)
    expect(places).toEqual([...places].sort((a, b) => a - b))
  })
})

describe('signatures in the messages', () => {
  it.each(of('encode').filter((c) => c.sign_bytes !== undefined))('$type $variant', (c) => {
    const signer = signerOf(go.address(c.client ?? c.worker))
    const signed = go.fromHex(c.sign_bytes ?? '')
    const fields = c.type === 'AskResponse' ? (c.fields.Ask as go.GoFields) : c.fields
    if (c.type === 'DealStatusRequest') {
      expect(dealUuidBytes(parseDealUuid(String(fields.DealUUID)))).toEqual(signed)
    } else {
      expect(storageAsk.encode(go.storageAsk(fields.Ask as go.GoFields))).toEqual(signed)
    }
    const signature = go.signature(fields.Signature as go.GoFields)
    expect(verify(signature, signer, signed)).toBe(true)
    expect(verify(signature, signer, Uint8Array.of(...signed, 0))).toBe(false)
  })

  it.each(of('deal_proposal'))('deal proposal $index: pre-image, signature and both CIDs', (c) => {
    const proposal = go.proposal(c.proposal as go.GoFields)
    const signed = clientDealProposal.decode(go.fromHex(String(c.client_deal_proposal_cbor)))
    expect(signed.proposal).toEqual(proposal)
    expect(go.toHex(dealProposal.encode(proposal))).toBe(c.sign_bytes)
    expect(dealProposalCid(proposal)).toBe(c.proposal_cid_blake2b256)
    expect(dagCborSha256Cid(clientDealProposal.encode(signed))).toBe(c.signed_proposal_cid_sha256)
    expect(
      verify(signed.clientSignature, signerOf(go.address(c.client)), dealProposal.encode(proposal)),
    ).toBe(true)
  })
})

describe('decoding what strangers send', () => {
  it.each(of('decode').map((c) => ({ ...c, title: `${c.type}: ${c.mutation}` })))('$title', (c) => {
    const { codec } = kindOf(c.type)
    const bytes = go.fromHex(c.cbor)
    if (!c.ok) {
      expect(() => codec.decodePrefix(bytes)).toThrow(CborError)
      return
    }
    const { value, unreadBytes } = codec.decodePrefix(bytes)
    expect(unreadBytes).toBe(c.unread_bytes)
    if (typeof c.reencode_error === 'string') expect(() => codec.encode(value)).toThrow(CborError)
  })

  it('re-encodes harmless mutations to the original, and others to something else', () => {
    const reencoded = (same: boolean) =>
      of('decode')
        .filter(
          (c) => c.type === 'DealParams' && c.reencode_same_as_original === same && c.reencode_error == null,
        )
        .map((c) => go.toHex(dealParams.encode(dealParams.decodePrefix(go.fromHex(c.cbor)).value)))
    const originals = new Set(reencoded(true))
    expect(originals.size).toBe(1)
    expect(reencoded(false).length).toBeGreaterThan(3)
    for (const other of reencoded(false)) expect(originals).not.toContain(other)
  })

  it.each(of('cross_decode').map((c, i) => ({ ...c, title: `${c.wire} as ${c.as} #${i}` })))(
    '$title',
    (c) => {
      const bytes = go.fromHex(c.cbor)
      if (c.as === 'DealParamsV120') {
        const { value, unreadBytes } = dealParamsV120.decodePrefix(bytes)
        expect(unreadBytes).toBe(c.unread_bytes)
        const reencoded = go.toHex(dealParamsV120.encode(value))
        expect(of('encode').some((e) => e.type === 'DealParamsV120' && e.cbor === reencoded)).toBe(
          c.reencoded_equals_1_2_0,
        )
      } else {
        const { value, unreadBytes } = dealParams.decodePrefix(bytes)
        expect(unreadBytes).toBe(c.unread_bytes)
        expect(value.skipIpniAnnounce).toBe(c.SkipIPNIAnnounce)
        expect(value.removeUnsealedCopy).toBe(c.RemoveUnsealedCopy)
      }
    },
  )
})

it.each(of('encode_null'))('$type: nothing is written as null', (c) => {
  expect(go.toHex(nullable(kindOf(c.type).codec).encode(null))).toBe(c.cbor)
})

describe('checkpoints', () => {
  it.each(of('checkpoint'))('$name is number $value', ({ name, value }) => {
    expect(checkpoints[value]).toBe(name)
  })
  it.each(of('checkpoint_parse'))('$name is known: $ok', ({ name, ok, value }) => {
    expect(checkpoints.some((checkpoint) => checkpoint === name)).toBe(ok)
    if (ok) expect(checkpoints[value]).toBe(name)
  })
})

function holdsUnsafeEpoch(fields: go.GoFields): boolean {
  return /"(Start|End)Epoch":"-?\d{16,}"/.test(JSON.stringify(fields))
}

function statusOf(c: Case): unknown[] {
  const inner = c.type === 'DealStatusResponse' ? c.fields.DealStatus : null
  return inner === null ? [] : [go.dealStatus(inner as go.GoFields)]
}
