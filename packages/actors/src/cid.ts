import { blake2b256, sha256 } from '@sealane/crypto'
import { base36 } from 'multiformats/bases/base36'
import { base58btc } from 'multiformats/bases/base58'
import { CborError } from './cbor/cbor-error.js'
import { major } from './cbor/cbor-reader.js'
import { type Codec, codec } from './cbor/codec.js'
import { base16, base32, base64, base64url } from './rfc4648.js'
import { decodeVarint, encodeVarint, VarintError } from './varint.js'

declare const cidBrand: unique symbol

/** A CID in its canonical text: base58 for version 0, base32 for version 1; or {@link undefinedCid}. */
export type Cid = string & { readonly [cidBrand]: true }

/** Go's zero CID: what a cbor-gen map leaves when the key is missing. Cannot be encoded. */
export const undefinedCid = '' as Cid

export type CidErrorCode =
  | 'INVALID_CID'
  | 'UNDEFINED_CID'
  | 'WRONG_CODEC'
  | 'WRONG_HASH'
  | 'WRONG_LENGTH'
  | 'PAYLOAD_TOO_SMALL'
  | 'PAYLOAD_TOO_LARGE'

/** Text or bytes that are no CID, or a CID of another kind than asked for. */
export class CidError extends Error {
  override readonly name = 'CidError'
  readonly remedy = 'drop'

  constructor(
    readonly code: CidErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options)
  }
}

/** Multicodec numbers of the content types Filecoin uses. Source: multiformats table. */
export const multicodec = {
  raw: 0x55,
  dagPb: 0x70,
  dagCbor: 0x71,
  filCommitmentUnsealed: 0xf101,
  filCommitmentSealed: 0xf102,
} as const

/** Multihash numbers Filecoin uses. Source: multiformats table. */
export const multihash = {
  identity: 0x00,
  sha2256: 0x12,
  fr32Sha2256Trunc254PaddedBinaryTree: 0x1011,
  sha2256Trunc254Padded: 0x1012,
  blake2b256: 0xb220,
  poseidonBls12381A2Fc1: 0xb401,
} as const

/** A CID taken apart. `multihash` includes its code and length prefix. */
export interface CidParts {
  version: 0 | 1
  codec: number
  hashCode: number
  digest: Uint8Array
  multihash: Uint8Array
}

const SHA256_MULTIHASH_BYTES = 34
const COMMITMENT_BYTES = 32
/** cbor-gen refuses CID links longer than this many bytes. Source: cbor-gen utils.go ReadCid (512). */
const MAX_LINK_BYTES = 512
const CID_TAG = 42

/**
 * Reads a CID in any multibase of the field (base16, 32, 36, 58, 64, url-safe, upper case, padded), or behind
 * an `/ipfs/` path, and returns its canonical text. @throws CidError `INVALID_CID`
 */
export function parseCid(text: string): Cid {
  const path = text.indexOf('/ipfs/')
  const plain = path < 0 ? text : text.slice(path + 6)
  if (plain.length === 46 && plain.startsWith('Qm'))
    return cidFromBytes(invalidOnFailure(() => unbase58(plain)))
  return cidFromBytes(invalidOnFailure(() => unmultibase(plain)))
}

/** The binary form. @throws CidError */
export function cidBytes(cid: Cid): Uint8Array {
  if (cid === undefinedCid) throw new CidError('UNDEFINED_CID', 'undefined cid')
  return invalidOnFailure(() => (cid.startsWith('Qm') ? unbase58(cid) : base32.decode(cid.slice(1))))
}

/** Reads the binary form; every byte must belong to it. @throws CidError `INVALID_CID` */
export function cidFromBytes(bytes: Uint8Array): Cid {
  const { version } = partsOf(bytes)
  return (version === 0 ? base58btc.baseEncode(bytes) : `b${base32.encode(bytes)}`) as Cid
}

/** Version, codec, hash and digest of a CID. @throws CidError */
export function cidParts(cid: Cid): CidParts {
  return partsOf(cidBytes(cid))
}

/** A version 1 CID from its parts. */
export function makeCid(codecNumber: number, hashCode: number, digest: Uint8Array): Cid {
  const prefix = [codecNumber, hashCode, digest.length].flatMap((value) => [...encodeVarint(BigInt(value))])
  const bytes = new Uint8Array(1 + prefix.length + digest.length)
  bytes.set([1, ...prefix])
  bytes.set(digest, 1 + prefix.length)
  return `b${base32.encode(bytes)}` as Cid
}

/** The chain's CID of CBOR bytes: dag-cbor with blake2b-256 (`bafy2bzace…`). */
export function dagCborCid(bytes: Uint8Array): Cid {
  return makeCid(multicodec.dagCbor, multihash.blake2b256, blake2b256(bytes))
}

/** The market's CID of a signed proposal: dag-cbor with sha2-256 (`bafyrei…`). */
export function dagCborSha256Cid(bytes: Uint8Array): Cid {
  return makeCid(multicodec.dagCbor, multihash.sha2256, sha256(bytes))
}

/** The CID of raw bytes with blake2b-256: how actor code is named. */
export function rawBlake2bCid(bytes: Uint8Array): Cid {
  return makeCid(multicodec.raw, multihash.blake2b256, blake2b256(bytes))
}

/** The CID of raw bytes with sha2-256 (`bafkrei…`). */
export function rawSha256Cid(bytes: Uint8Array): Cid {
  return makeCid(multicodec.raw, multihash.sha2256, sha256(bytes))
}

/** The version 0 CID of a dag-pb block (`Qm…`). */
export function dagPbCidV0(bytes: Uint8Array): Cid {
  return cidFromBytes(Uint8Array.of(0x12, 0x20, ...sha256(bytes)))
}

/** The CID of a piece or of a sector's data, from its 32-byte commitment (`baga6ea4seaq…`). @throws CidError */
export function pieceCid(commitment: Uint8Array): Cid {
  requireCommitment(commitment)
  return makeCid(multicodec.filCommitmentUnsealed, multihash.sha2256Trunc254Padded, commitment)
}

/** The CID of a sealed sector, from its 32-byte CommR (`bagboea4b5abc…`). @throws CidError */
export function sealedCid(commitment: Uint8Array): Cid {
  requireCommitment(commitment)
  return makeCid(multicodec.filCommitmentSealed, multihash.poseidonBls12381A2Fc1, commitment)
}

/** The 32-byte commitment inside a piece CID or a sealed CID. @throws CidError when the CID is neither */
export function commitmentOf(cid: Cid): Uint8Array {
  const { codec: codecNumber } = cidParts(cid)
  return codecNumber === multicodec.filCommitmentSealed ? replicaCommitmentOf(cid) : dataCommitmentOf(cid)
}

/** The commitment of a piece CID (version 1). @throws CidError `WRONG_CODEC`, `WRONG_HASH`, `WRONG_LENGTH` */
export function dataCommitmentOf(cid: Cid): Uint8Array {
  return commitment(cid, multicodec.filCommitmentUnsealed)
}

/** The commitment of a sealed CID. @throws CidError `WRONG_CODEC`, `WRONG_HASH`, `WRONG_LENGTH` */
export function replicaCommitmentOf(cid: Cid): Uint8Array {
  return commitment(cid, multicodec.filCommitmentSealed)
}

/** What a version 2 piece CID says: the commitment and the size in bytes of the payload before padding. */
export interface PieceCidV2 {
  commitment: Uint8Array
  payloadSizeBytes: bigint
}

/** Smallest payload that has a version 2 piece CID: one fr32 quad. Source: FRC-0069. */
const MIN_PIECE_PAYLOAD_BYTES = 127n
/** Highest tree whose payload size still fits 64 bits. */
const MAX_TREE_HEIGHT = 58

/** The version 2 piece CID (FRC-0069), which carries the payload size. @throws CidError */
export function pieceCidV2({ commitment: root, payloadSizeBytes }: PieceCidV2): Cid {
  requireCommitment(root)
  if (payloadSizeBytes < MIN_PIECE_PAYLOAD_BYTES) {
    throw new CidError(
      'PAYLOAD_TOO_SMALL',
      `payloadsize data size must be at least ${MIN_PIECE_PAYLOAD_BYTES}, but was ${payloadSizeBytes}`,
    )
  }
  let height = 2
  while (capacityOf(height) < payloadSizeBytes) {
    height += 1
    if (height > MAX_TREE_HEIGHT) throw new CidError('PAYLOAD_TOO_LARGE', 'unsupported size: too big')
  }
  const padding = encodeVarint(capacityOf(height) - payloadSizeBytes)
  return makeCid(
    multicodec.raw,
    multihash.fr32Sha2256Trunc254PaddedBinaryTree,
    Uint8Array.from([...padding, height, ...root]),
  )
}

/** Takes a version 2 piece CID apart. @throws CidError */
export function pieceCidV2Parts(cid: Cid): PieceCidV2 {
  const { codec: codecNumber, hashCode, digest } = cidParts(cid)
  if (codecNumber !== multicodec.raw && codecNumber !== multicodec.filCommitmentUnsealed) {
    throw new CidError('WRONG_CODEC', 'unexpected commitment codec')
  }
  if (hashCode !== multihash.fr32Sha2256Trunc254PaddedBinaryTree) {
    throw new CidError('WRONG_HASH', 'incorrect hashing function for data commitment')
  }
  if (digest.length < COMMITMENT_BYTES + 2) {
    throw new CidError(
      'WRONG_LENGTH',
      `expected multihash digest to be at least 34 bytes, but was ${digest.length} bytes`,
    )
  }
  const padding = invalidOnFailure(() => decodeVarint(digest))
  const height = digest[padding.next] ?? 0
  if (digest.length - padding.next - 1 !== COMMITMENT_BYTES || height > MAX_TREE_HEIGHT) {
    throw new CidError('WRONG_LENGTH', `piece multihash digest of ${digest.length} bytes does not add up`)
  }
  const payloadSizeBytes = capacityOf(height) - padding.value
  if (payloadSizeBytes < 0n) throw new CidError('WRONG_LENGTH', 'piece padding is larger than the piece')
  return { commitment: digest.slice(padding.next + 1), payloadSizeBytes }
}

/** A CID link: tag 42 around the binary form behind a zero byte. */
export const cid: Codec<Cid> = codec({
  write(writer, value) {
    let bytes: Uint8Array
    try {
      bytes = cidBytes(value)
    } catch (cause) {
      throw new CborError('UNENCODABLE', `cannot write "${value}" as a CID link`, { cause })
    }
    writer.header(major.tag, CID_TAG)
    writer.header(major.bytes, bytes.length + 1)
    writer.push([0])
    writer.push(bytes)
  },
  read(reader) {
    const tag = reader.header()
    if (tag.major !== major.tag || tag.argument !== CID_TAG)
      throw new CborError('WRONG_TYPE', 'expected tag 42')
    const bytes = reader.take(reader.length(major.bytes, MAX_LINK_BYTES, 'CID link'))
    if (bytes[0] !== 0)
      throw new CborError('INVALID_VALUE', 'cbor serialized CIDs must have binary multibase')
    try {
      return cidFromBytes(bytes.subarray(1))
    } catch (cause) {
      if (cause instanceof CidError) throw new CborError('INVALID_VALUE', cause.message, { cause })
      throw cause
    }
  },
  zero: () => undefinedCid,
})

function partsOf(bytes: Uint8Array): CidParts {
  if (bytes.length === SHA256_MULTIHASH_BYTES && bytes[0] === 0x12 && bytes[1] === 0x20) {
    const digest = bytes.slice(2)
    return {
      version: 0,
      codec: multicodec.dagPb,
      hashCode: multihash.sha2256,
      digest,
      multihash: bytes.slice(),
    }
  }
  return invalidOnFailure(() => {
    const version = decodeVarint(bytes)
    if (version.value !== 1n) throw new CidError('INVALID_CID', `invalid cid: version ${version.value}`)
    const content = decodeVarint(bytes, version.next)
    const hash = decodeVarint(bytes, content.next)
    const length = decodeVarint(bytes, hash.next)
    const end = BigInt(length.next) + length.value
    if (end > BigInt(bytes.length)) {
      throw new CidError(
        'INVALID_CID',
        'invalid cid: length greater than remaining number of bytes in buffer',
      )
    }
    if (end < BigInt(bytes.length)) {
      throw new CidError('INVALID_CID', 'invalid cid: trailing bytes in data buffer passed to cid Cast')
    }
    return {
      version: 1,
      codec: Number(content.value),
      hashCode: Number(hash.value),
      digest: bytes.slice(length.next),
      multihash: bytes.slice(content.next),
    }
  })
}

function commitment(cidOfCommitment: Cid, expectedCodec: number): Uint8Array {
  const { codec: codecNumber, hashCode, digest } = cidParts(cidOfCommitment)
  const expectedHash =
    codecNumber === multicodec.filCommitmentSealed
      ? multihash.poseidonBls12381A2Fc1
      : multihash.sha2256Trunc254Padded
  if (codecNumber !== multicodec.filCommitmentSealed && codecNumber !== multicodec.filCommitmentUnsealed) {
    throw new CidError('WRONG_CODEC', 'unexpected commitment codec')
  }
  if (hashCode !== expectedHash) {
    throw new CidError('WRONG_HASH', 'incorrect hashing function for data commitment')
  }
  requireCommitment(digest)
  if (codecNumber !== expectedCodec) throw new CidError('WRONG_CODEC', 'unexpected commitment codec')
  return digest
}

function requireCommitment(bytes: Uint8Array): void {
  if (bytes.length !== COMMITMENT_BYTES) {
    throw new CidError('WRONG_LENGTH', 'commitments must be 32 bytes long')
  }
}

/** Payload bytes below a tree of 32-byte leaves of this height: 127 of every 128 bytes. */
function capacityOf(height: number): bigint {
  return ((32n << BigInt(height)) * 127n) / 128n
}

function unbase58(text: string): Uint8Array {
  return base58btc.baseDecode(text)
}

function unmultibase(text: string): Uint8Array {
  const body = text.slice(1)
  switch (text[0]) {
    case 'b':
    case 'B':
      return base32.decode(body.toLowerCase())
    case 'c':
    case 'C':
      return base32.decode(body.toLowerCase().replace(/=+$/, ''))
    case 'f':
    case 'F':
      return base16.decode(body.toLowerCase())
    case 'k':
    case 'K':
      return base36.baseDecode(body.toLowerCase())
    case 'm':
      return base64.decode(body)
    case 'M':
      return base64.decode(body.replace(/=+$/, ''))
    case 'u':
      return base64url.decode(body)
    case 'U':
      return base64url.decode(body.replace(/=+$/, ''))
    case 'z':
      return unbase58(body)
    default:
      throw new CidError('INVALID_CID', 'invalid cid: selected encoding not supported')
  }
}

/** Whatever a decoder below throws about the text or bytes means: this is no CID. */
function invalidOnFailure<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof CidError) throw cause
    const detail = cause instanceof VarintError || cause instanceof Error ? cause.message : String(cause)
    throw new CidError('INVALID_CID', `invalid cid: ${detail}`, { cause })
  }
}
