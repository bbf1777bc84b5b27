import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  type Cid,
  cid,
  cidBytes,
  cidFromBytes,
  cidParts,
  commitmentOf,
  dagCborCid,
  dagCborSha256Cid,
  dagPbCidV0,
  dataCommitmentOf,
  makeCid,
  multicodec,
  multihash,
  parseCid,
  pieceCid,
  pieceCidV2,
  pieceCidV2Parts,
  rawBlake2bCid,
  rawSha256Cid,
  replicaCommitmentOf,
  sealedCid,
} from '../src/index.js'
import { bytes, codeOf, failureOf, hex } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'cid.json')

describe('recorded CIDs', () => {
  it.each(recorded<RecordedCase & { cbor: string; cid: string; cid_bytes: string }>('message_cid'))(
    'names the message "$name"',
    (c) => {
      expect(dagCborCid(bytes(c.cbor))).toBe(c.cid)
      expect(hex(cidBytes(parseCid(c.cid)))).toBe(c.cid_bytes)
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        proposal_cbor: string
        proposal_cid: string
        client_deal_proposal_cbor: string
        client_deal_proposal_cid_sha256?: string
      }
    >('proposal_cid'),
  )('names the proposal $proposal_cid', (c) => {
    expect(dagCborCid(bytes(c.proposal_cbor))).toBe(c.proposal_cid)
    const signed = Object.entries(c).find(
      ([, value]) => typeof value === 'string' && value.startsWith('bafyrei'),
    )
    expect(dagCborSha256Cid(bytes(c.client_deal_proposal_cbor))).toBe(signed?.[1])
  })

  it.each(
    recorded<
      RecordedCase & {
        data: string
        dag_cbor_blake2b256: string
        raw_blake2b256: string
        raw_sha256: string
        dag_pb_sha256_v0: string
      }
    >('cid_builder'),
  )('builds CIDs of "$data"', (c) => {
    const data = bytes(c.data)
    expect([dagCborCid(data), rawBlake2bCid(data), rawSha256Cid(data), dagPbCidV0(data)]).toEqual([
      c.dag_cbor_blake2b256,
      c.raw_blake2b256,
      c.raw_sha256,
      c.dag_pb_sha256_v0,
    ])
  })

  it.each(
    recorded<
      RecordedCase & {
        commitment: string
        piece_cid: string
        data_cid: string
        replica_cid: string
        piece_cid_bytes: string
        replica_cid_bytes: string
        cbor_link: string
      }
    >('commitment_to_cid'),
  )('names the commitment $commitment', (c) => {
    const piece = pieceCid(bytes(c.commitment))
    const sealed = sealedCid(bytes(c.commitment))
    expect([piece, piece, sealed]).toEqual([c.piece_cid, c.data_cid, c.replica_cid])
    expect([hex(cidBytes(piece)), hex(cidBytes(sealed))]).toEqual([c.piece_cid_bytes, c.replica_cid_bytes])
    expect(hex(cid.encode(piece))).toBe(c.cbor_link)
    expect(cid.decode(bytes(c.cbor_link))).toBe(piece)
    expect([hex(commitmentOf(piece)), hex(commitmentOf(sealed))]).toEqual([c.commitment, c.commitment])
  })

  it.each(
    recorded<RecordedCase & { length: number; data_error: string; replica_error: string }>(
      'commitment_to_cid_invalid',
    ),
  )('refuses commitments of $length bytes', (c) => {
    expect(failureOf(() => pieceCid(new Uint8Array(c.length)))?.message).toBe(c.data_error)
    expect(failureOf(() => sealedCid(new Uint8Array(c.length)))?.message).toBe(c.replica_error)
  })

  it.each(
    recorded<
      RecordedCase & {
        cid: Cid
        data: string
        data_error: string | null
        replica: string
        replica_error: string | null
        piece: string
        piece_error: string | null
      }
    >('cid_to_commitment'),
  )('reads the commitment of a CID: $name', (c) => {
    const read = (of: (value: Cid) => Uint8Array) => {
      try {
        return [hex(of(parseCid(c.cid))), null]
      } catch (error) {
        return ['', (error as Error).message]
      }
    }
    expect(read(dataCommitmentOf)).toEqual([c.data, c.data_error])
    expect(read(replicaCommitmentOf)).toEqual([c.replica, c.replica_error])
    expect(read(dataCommitmentOf)).toEqual([c.piece, c.piece_error])
  })

  it.each(
    recorded<
      RecordedCase & {
        commitment: string
        payload_size: number | string
        piece_cid_v2: string
        bytes: string
        piece_cid_v1: string
        round_trip_payload_size: number
      }
    >('piece_cid_v2'),
  )('makes the version 2 piece CID of $payload_size bytes', (c) => {
    const parts = { commitment: bytes(c.commitment), payloadSizeBytes: BigInt(c.payload_size) }
    if (!c.ok) {
      expect(failureOf(() => pieceCidV2(parts))?.message).toBe(c.error)
      return
    }
    const made = pieceCidV2(parts)
    expect([made, hex(cidBytes(made)), pieceCid(parts.commitment)]).toEqual([
      c.piece_cid_v2,
      c.bytes,
      c.piece_cid_v1,
    ])
    expect(pieceCidV2Parts(made).payloadSizeBytes).toBe(BigInt(c.round_trip_payload_size))
    expect(hex(pieceCidV2Parts(made).commitment)).toBe(c.commitment)
  })

  it.each(
    recorded<RecordedCase & { bytes: string; commitment: string; payload_size: number }>(
      'piece_cid_v2_decode',
    ),
  )('reads a version 2 piece CID: $name', (c) => {
    const read = () => pieceCidV2Parts(cidFromBytes(bytes(c.bytes)))
    if (!c.ok) expect(failureOf(read)?.message).toBe(c.error)
    else {
      expect(read().payloadSizeBytes).toBe(BigInt(c.payload_size))
      expect(hex(read().commitment)).toBe(c.commitment)
    }
  })

  it.each(
    recorded<
      RecordedCase & { input: string; canonical: string; bytes: string; version: number; codec: number }
    >('cid_parse'),
  )('parses "$input" ($name)', (c) => {
    if (!c.ok) {
      expect(codeOf(() => parseCid(c.input))).toBe('INVALID_CID')
      return
    }
    const parsed = parseCid(c.input)
    expect(parsed).toBe(c.canonical)
    expect(hex(cidBytes(parsed))).toBe(c.bytes)
    expect(cidParts(parsed)).toMatchObject({ version: c.version, codec: c.codec })
  })

  it.each(
    recorded<
      RecordedCase & {
        bytes: string
        string: string
        version: number
        codec: number
        multihash: string
        cbor_link: string
      }
    >('cid_format'),
  )('prints $string', (c) => {
    const read = cidFromBytes(bytes(c.bytes))
    expect(read).toBe(c.string)
    const parts = cidParts(read)
    expect([parts.version, parts.codec, hex(parts.multihash)]).toEqual([c.version, c.codec, c.multihash])
    expect(hex(cid.encode(read))).toBe(c.cbor_link)
  })

  it.each(recorded<RecordedCase & { cbor: string; cid?: string }>('cbor_link_decode'))(
    'reads the CBOR link "$cbor"',
    (c) => {
      if (c.ok) expect(cid.decodePrefix(bytes(c.cbor)).value).toBe(c.cid)
      else expect(failureOf(() => cid.decodePrefix(bytes(c.cbor)))?.name).toBe('CborError')
    },
  )

  it('builds a CID from parts and takes it apart again', () => {
    const made = makeCid(multicodec.raw, multihash.identity, bytes('68656c6c6f'))
    expect(made).toBe('bafkqablimvwgy3y')
    expect(cidParts(made).digest).toEqual(bytes('68656c6c6f'))
  })
})
