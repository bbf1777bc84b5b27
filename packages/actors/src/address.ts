import { blake2b32bits, blake2b160 } from '@sealane/crypto'
import { CborError } from './cbor/cbor-error.js'
import { type Codec, mapped } from './cbor/codec.js'
import { bytesUpTo } from './cbor/scalars.js'
import { base32, IllegalCharacter, IncompleteText } from './rfc4648.js'
import { decodeVarint, encodeVarint, VarintError } from './varint.js'

declare const addressBrand: unique symbol

/** A Filecoin address in its canonical text with the mainnet prefix `f`, or {@link undefinedAddress}. */
export type Address = string & { readonly [addressBrand]: true }

/** Go's zero address. Prints as `<empty>`; has no bytes in CBOR. */
export const undefinedAddress = '<empty>' as Address

export type AddressErrorCode =
  | 'INVALID_LENGTH'
  | 'INVALID_PAYLOAD'
  | 'INVALID_ENCODING'
  | 'INVALID_CHECKSUM'
  | 'ILLEGAL_CHARACTER'
  | 'UNKNOWN_NETWORK'
  | 'UNKNOWN_PROTOCOL'
  | 'UNDEFINED_ADDRESS'
  | 'UNSAFE_INTEGER'

const texts: Record<AddressErrorCode, string> = {
  INVALID_LENGTH: 'invalid address length',
  INVALID_PAYLOAD: 'invalid address payload',
  INVALID_ENCODING: 'invalid encoding',
  INVALID_CHECKSUM: 'invalid address checksum',
  ILLEGAL_CHARACTER: 'illegal base32 data',
  UNKNOWN_NETWORK: 'unknown address network',
  UNKNOWN_PROTOCOL: 'unknown address protocol',
  UNDEFINED_ADDRESS: 'address is undefined',
  UNSAFE_INTEGER: 'actor id is above 2^53 − 1',
}

/** Text or bytes that are no address. The message is go-address' own text. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
  readonly remedy = 'drop'

  constructor(
    readonly code: AddressErrorCode,
    detail?: string,
  ) {
    super(detail ?? texts[code])
  }
}

/** Address protocols (go-address). */
export const addressProtocol = { id: 0, secp256k1: 1, actor: 2, bls: 3, delegated: 4 } as const
/** One of the five protocol numbers. */
export type AddressProtocol = (typeof addressProtocol)[keyof typeof addressProtocol]

// Source: go-address constants.go:47-73.
const HASH_BYTES = 20
const BLS_KEY_BYTES = 48
const MAX_SUBADDRESS_BYTES = 54
const CHECKSUM_BYTES = 4
const MAX_TEXT_LENGTH = 115
const MAX_INTEGER_DIGITS = 19
const MAX_CBOR_BYTES = 64
const ETHEREUM_NAMESPACE = 10n
const INT63_END = 1n << 63n

/**
 * Reads an address in either network's spelling (`f…` or `t…`). `''` and `<empty>` are the undefined address.
 * @throws AddressError with go-address' class of failure
 */
export function parseAddress(text: string): Address {
  if (text === '' || text === undefinedAddress) return undefinedAddress
  if (text.length > MAX_TEXT_LENGTH || text.length < 3) throw new AddressError('INVALID_LENGTH')
  if (text[0] !== 'f' && text[0] !== 't') throw new AddressError('UNKNOWN_NETWORK')
  const protocol = protocolOf(Number(text.charCodeAt(1) - 48))
  return print(bytesOfText(protocol, text.slice(2)))
}

/** The address as a network spells it: `f…` on mainnet, `t…` on every other one. */
export function formatAddress(address: Address, network: 'f' | 't'): string {
  return address === undefinedAddress ? address : network + address.slice(1)
}

/** False only for the undefined address. */
export function isDefined(address: Address): boolean {
  return address !== undefinedAddress
}

/** Addresses taken apart lately: one proposal or message writes the same few a dozen times. */
const lately = new Map<Address, Uint8Array>()
const MOST_LATELY = 1024

/** Protocol byte and payload. Verifies the checksum again. @throws AddressError `UNDEFINED_ADDRESS` */
export function addressBytes(address: Address): Uint8Array {
  if (address === undefinedAddress) throw new AddressError('UNDEFINED_ADDRESS')
  if (address.length < 3) throw new AddressError('INVALID_LENGTH')
  const known = lately.get(address)
  if (known !== undefined) return known.slice()
  const bytes = bytesOfText(protocolOf(address.charCodeAt(1) - 48), address.slice(2))
  if (lately.size >= MOST_LATELY) lately.clear()
  lately.set(address, bytes)
  return bytes.slice()
}

/** Reads protocol byte and payload; empty input is the undefined address. @throws AddressError */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 0) return undefinedAddress
  if (bytes.length === 1) throw new AddressError('INVALID_LENGTH')
  check(protocolOf(bytes[0] ?? 0), bytes.subarray(1))
  return print(bytes)
}

/** The ID address of an actor number: 0 ≤ id < 2^63 (a plain number up to 2^53 − 1). @throws AddressError */
export function idAddress(id: number | bigint): Address {
  if (typeof id === 'number' && (!Number.isSafeInteger(id) || id < 0)) {
    throw new AddressError('UNSAFE_INTEGER', `${id} is no actor id`)
  }
  if (id < 0n || id >= INT63_END) throw new AddressError('INVALID_PAYLOAD', 'IDs must be less than 2^63')
  return `f0${id}` as Address
}

/** The actor number of an ID address, undefined for other protocols. @throws AddressError `UNSAFE_INTEGER` */
export function idOf(address: Address): number | undefined {
  if (!address.startsWith('f0')) return undefined
  const id = Number(address.slice(2))
  if (!Number.isSafeInteger(id)) throw new AddressError('UNSAFE_INTEGER')
  return id
}

/** The protocol of a defined address. @throws AddressError `UNDEFINED_ADDRESS` */
export function protocolOfAddress(address: Address): AddressProtocol {
  if (address === undefinedAddress) throw new AddressError('UNDEFINED_ADDRESS')
  return protocolOf(address.charCodeAt(1) - 48)
}

/** The key address of a public key: 65 bytes uncompressed for secp256k1, 48 bytes for BLS. */
export function keyAddress(keyType: 'bls' | 'secp256k1', publicKey: Uint8Array): Address {
  if (keyType === 'bls') return fromParts(addressProtocol.bls, publicKey)
  if (publicKey.length !== 65) throw new AddressError('INVALID_LENGTH', 'secp256k1 key must be 65 bytes')
  return fromParts(addressProtocol.secp256k1, blake2b160(publicKey))
}

/** The robust address of an actor created with `data` (protocol 2). */
export function actorAddress(data: Uint8Array): Address {
  return fromParts(addressProtocol.actor, blake2b160(data))
}

/** A delegated address: a manager actor's number and at most 54 bytes. */
export function delegatedAddress(namespace: bigint, subaddress: Uint8Array): Address {
  if (namespace < 0n || namespace >= INT63_END) throw new AddressError('INVALID_PAYLOAD')
  return fromParts(addressProtocol.delegated, concat(encodeVarint(namespace), subaddress))
}

/** The `f410f…` address of a 20-byte Ethereum account. */
export function ethereumAddress(account: Uint8Array): Address {
  if (account.length !== HASH_BYTES) throw new AddressError('INVALID_LENGTH')
  return delegatedAddress(ETHEREUM_NAMESPACE, account)
}

/** What `verify` of @sealane/crypto needs of a key address. @throws AddressError `UNKNOWN_PROTOCOL` for others */
export function signerOf(address: Address): { protocol: 1 | 3; payload: Uint8Array } {
  const bytes = addressBytes(address)
  const protocol = bytes[0]
  if (protocol !== addressProtocol.secp256k1 && protocol !== addressProtocol.bls) {
    throw new AddressError('UNKNOWN_PROTOCOL', `${address} is no key address`)
  }
  return { protocol, payload: bytes.slice(1) }
}

function inCbor<T>(work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof AddressError) throw new CborError('INVALID_VALUE', cause.message, { cause })
    throw cause
  }
}

/** A defined address as a byte string of at most 64 bytes. */
export const address: Codec<Address> = mapped(
  bytesUpTo(MAX_CBOR_BYTES),
  (bytes) => {
    if (bytes.length === 0)
      throw new CborError('INVALID_VALUE', 'cbor input should not contain empty addresses')
    return inCbor(() => addressFromBytes(bytes))
  },
  (value) => inCbor(() => addressBytes(value)),
  () => undefinedAddress,
)

function fromParts(protocol: AddressProtocol, payload: Uint8Array): Address {
  return addressFromBytes(concat(Uint8Array.of(protocol), payload))
}

function protocolOf(value: number): AddressProtocol {
  if (value === 0 || value === 1 || value === 2 || value === 3 || value === 4) return value
  throw new AddressError('UNKNOWN_PROTOCOL')
}

/** Refuses a payload that its protocol does not allow. */
function check(protocol: AddressProtocol, payload: Uint8Array): void {
  if (protocol === addressProtocol.id) {
    const { next } = varintAt(payload, 'could not decode')
    if (next !== payload.length) throw new AddressError('INVALID_PAYLOAD')
  } else if (protocol === addressProtocol.delegated) {
    const { next } = varintAt(payload, 'could not decode delegated address namespace')
    if (payload.length - next > MAX_SUBADDRESS_BYTES) throw new AddressError('INVALID_LENGTH')
  } else if (payload.length !== (protocol === addressProtocol.bls ? BLS_KEY_BYTES : HASH_BYTES)) {
    throw new AddressError('INVALID_LENGTH')
  }
}

function varintAt(payload: Uint8Array, context: string): { value: bigint; next: number } {
  try {
    return decodeVarint(payload)
  } catch (cause) {
    if (!(cause instanceof VarintError)) throw cause
    throw new AddressError('INVALID_PAYLOAD', `${context}: ${cause.message}: ${texts.INVALID_PAYLOAD}`)
  }
}

function bytesOfText(protocol: AddressProtocol, raw: string): Uint8Array {
  const lead = Uint8Array.of(protocol)
  if (protocol === addressProtocol.id) return concat(lead, encodeVarint(integer(raw)))
  if (protocol === addressProtocol.delegated) {
    const split = raw.indexOf('f')
    if (split < 0) throw new AddressError('INVALID_PAYLOAD')
    const prefix = concat(lead, encodeVarint(integer(raw.slice(0, split))))
    return checksummed(prefix, raw.slice(split + 1), protocol)
  }
  return checksummed(lead, raw, protocol)
}

/** Decodes payload and checksum, and returns prefix and payload when the checksum covers them. */
function checksummed(prefix: Uint8Array, encoded: string, protocol: AddressProtocol): Uint8Array {
  const decoded = unbase32(encoded)
  if (base32.encode(decoded) !== encoded) throw new AddressError('INVALID_ENCODING')
  if (decoded.length < CHECKSUM_BYTES) throw new AddressError('INVALID_LENGTH')
  const bytes = concat(prefix, decoded.subarray(0, decoded.length - CHECKSUM_BYTES))
  check(protocol, bytes.subarray(1))
  const expected = blake2b32bits(bytes)
  if (expected.some((byte, i) => byte !== decoded[decoded.length - CHECKSUM_BYTES + i])) {
    throw new AddressError('INVALID_CHECKSUM')
  }
  return bytes
}

function unbase32(encoded: string): Uint8Array {
  try {
    // Go's decoder skips line breaks; the re-encoding then differs, and that is the error the reference reports.
    return base32.decode(encoded.replaceAll(/[\r\n]/g, ''))
  } catch (cause) {
    if (cause instanceof IncompleteText) throw new AddressError('INVALID_ENCODING')
    if (!(cause instanceof IllegalCharacter)) throw cause
    throw new AddressError('ILLEGAL_CHARACTER', cause.message)
  }
}

function integer(digits: string): bigint {
  if (digits.length > MAX_INTEGER_DIGITS) throw new AddressError('INVALID_LENGTH')
  if (!/^[0-9]+$/.test(digits)) throw new AddressError('INVALID_PAYLOAD')
  const value = BigInt(digits)
  if (value >= INT63_END) throw new AddressError('INVALID_PAYLOAD')
  return value
}

/** Canonical text of bytes that passed {@link check}. */
function print(bytes: Uint8Array): Address {
  const protocol = bytes[0] ?? 0
  if (protocol === addressProtocol.id) return `f0${decodeVarint(bytes, 1).value}` as Address
  const checksum = blake2b32bits(bytes)
  if (protocol !== addressProtocol.delegated) {
    return `f${protocol}${base32.encode(concat(bytes.subarray(1), checksum))}` as Address
  }
  const { value, next } = decodeVarint(bytes, 1)
  return `f4${value}f${base32.encode(concat(bytes.subarray(next), checksum))}` as Address
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}
