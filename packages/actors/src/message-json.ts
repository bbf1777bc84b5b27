import { type AttoFil, attoFil } from '@sealane/fil-units'
import { type Address, formatAddress, parseAddress } from './address.js'
import { bigIntFromJson } from './bigint.js'
import { CborError } from './cbor/cbor-error.js'
import type { Cid } from './cid.js'
import { type Message, messageCid, type SignedMessage, signedMessageCid } from './message.js'
import { base64 } from './rfc4648.js'
import { signatureBytes, signatureFromBytes } from './signature.js'

/** Lotus' JSON of a CID. */
export interface CidJson {
  '/': string
}

/** Lotus' JSON of a message, keys in its order. */
export interface MessageJson {
  Version: number
  To: string
  From: string
  Nonce: number
  Value: string
  GasLimit: number
  GasFeeCap: string
  GasPremium: string
  Method: number
  Params: string | null
  CID: CidJson
}

/** Lotus' JSON of a signed message. */
export interface SignedMessageJson {
  Message: MessageJson
  Signature: { Type: number; Data: string }
  CID: CidJson
}

/** Lotus' JSON of a CID. */
export function cidToJson(cid: Cid): CidJson {
  return { '/': cid }
}

/** Base 64 with padding: how Go prints bytes. */
export function bytesToJson(bytes: Uint8Array): string {
  const encoded = base64.encode(bytes)
  return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=')
}

/** Reads what Go's decoder reads: padded standard base 64; null and '' are no bytes. @throws CborError */
export function bytesFromJson(json: unknown): Uint8Array {
  if (json === null || json === undefined) return new Uint8Array(0)
  if (
    typeof json !== 'string' ||
    !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(json)
  ) {
    throw new CborError('INVALID_VALUE', 'bytes are not base64')
  }
  return base64.decode(json.replaceAll('=', ''))
}

/** @param network which prefix addresses print with: `t` everywhere but mainnet */
export function messageToJson(message: Message, network: 'f' | 't' = 'f'): MessageJson {
  return {
    Version: message.version,
    To: formatAddress(message.to, network),
    From: formatAddress(message.from, network),
    Nonce: message.nonce,
    Value: `${message.value}`,
    GasLimit: message.gasLimit,
    GasFeeCap: `${message.gasFeeCap}`,
    GasPremium: `${message.gasPremium}`,
    Method: message.method,
    Params: message.params.length === 0 ? null : bytesToJson(message.params),
    CID: cidToJson(messageCid(message)),
  }
}

/**
 * Reads a message as Lotus prints or accepts it: keys in any case, `CID` ignored, missing fields zero.
 * @throws CborError, AddressError
 */
export function messageFromJson(json: unknown): Message {
  const field = reader(json, 'message')
  const version = field('Version') ?? 0
  if (version !== 0)
    throw new CborError('INVALID_VALUE', `message has unsupported version ${String(version)}`)
  return {
    version: 0,
    to: addressOf(field('To')),
    from: addressOf(field('From')),
    nonce: natural(field('Nonce'), 'Nonce'),
    value: amount(field('Value')),
    gasLimit: integer(field('GasLimit'), 'GasLimit'),
    gasFeeCap: amount(field('GasFeeCap')),
    gasPremium: amount(field('GasPremium')),
    method: natural(field('Method'), 'Method'),
    params: bytesFromJson(field('Params')),
  }
}

/** @param network which prefix addresses print with */
export function signedMessageToJson(signed: SignedMessage, network: 'f' | 't' = 'f'): SignedMessageJson {
  return {
    Message: messageToJson(signed.message, network),
    Signature: { Type: signed.signature.type, Data: bytesToJson(signed.signature.data) },
    CID: cidToJson(signedMessageCid(signed)),
  }
}

/** @throws CborError, AddressError */
export function signedMessageFromJson(json: unknown): SignedMessage {
  const field = reader(json, 'signed message')
  const signature = reader(field('Signature'), 'signature')
  const typed = Uint8Array.of(natural(signature('Type'), 'Type'), ...bytesFromJson(signature('Data')))
  const parsed = { message: messageFromJson(field('Message')), signature: signatureFromBytes(typed) }
  signatureBytes(parsed.signature)
  return parsed
}

/** Looks keys up as Go does: exactly, else in any case. */
function reader(json: unknown, what: string): (key: string) => unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new CborError('INVALID_VALUE', `${what} is not a JSON object`)
  }
  const exact = new Map(Object.entries(json))
  const folded = new Map(Object.entries(json).map(([key, value]) => [key.toLowerCase(), value]))
  return (key) => (exact.has(key) ? exact.get(key) : folded.get(key.toLowerCase()))
}

function addressOf(json: unknown): Address {
  if (typeof json !== 'string') throw new CborError('INVALID_VALUE', 'address is not a string')
  return parseAddress(json)
}

function amount(json: unknown): AttoFil {
  return attoFil(json === undefined || json === null ? 0n : bigIntFromJson(json))
}

function integer(json: unknown, what: string): number {
  if (json === undefined || json === null) return 0
  if (typeof json !== 'number') throw new CborError('INVALID_VALUE', `${what} is not a number`)
  if (!Number.isInteger(json)) throw new CborError('INVALID_VALUE', `${what} ${json} is not an integer`)
  if (!Number.isSafeInteger(json))
    throw new CborError('UNSAFE_INTEGER', `${what} ${json} is outside ±(2^53 − 1)`)
  return json
}

function natural(json: unknown, what: string): number {
  const value = integer(json, what)
  if (value < 0) throw new CborError('INVALID_VALUE', `${what} ${value} is negative`)
  return value
}
