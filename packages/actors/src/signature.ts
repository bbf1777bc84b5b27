import type { Signature } from '@sealane/crypto'
import { CborError } from './cbor/cbor-error.js'
import { type Codec, mapped } from './cbor/codec.js'
import { bytesUpTo } from './cbor/scalars.js'

/** Longest signature on the wire, type byte included. Source: go-state-types crypto/signature.go SignatureMaxLength. */
export const MAX_SIGNATURE_BYTES = 200

/** Type byte and signature data. @throws CborError `UNENCODABLE` on an unknown type */
export function signatureBytes(signature: Signature): Uint8Array {
  if (!isType(signature.type)) throw new CborError('UNENCODABLE', `invalid signature type ${signature.type}`)
  const bytes = new Uint8Array(1 + signature.data.length)
  bytes[0] = signature.type
  bytes.set(signature.data, 1)
  return bytes
}

/** The inverse. @throws CborError `INVALID_VALUE` */
export function signatureFromBytes(bytes: Uint8Array): Signature {
  const type = bytes[0]
  if (type === undefined) throw new CborError('INVALID_VALUE', 'string is empty')
  if (!isType(type)) throw new CborError('INVALID_VALUE', 'invalid signature type')
  return { type, data: bytes.slice(1) }
}

/** A signature as messages and proposals carry it: a byte string of at most 200 bytes. */
export const signature: Codec<Signature> = mapped(
  bytesUpTo(MAX_SIGNATURE_BYTES),
  signatureFromBytes,
  signatureBytes,
  () => ({ type: 1, data: new Uint8Array(0) }),
)

function isType(type: number): type is Signature['type'] {
  return type === 1 || type === 2 || type === 3
}
