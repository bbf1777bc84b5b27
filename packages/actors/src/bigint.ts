import type { AttoFil } from '@sealane/fil-units'
import { CborError } from './cbor/cbor-error.js'
import { type Codec, codec, mapped } from './cbor/codec.js'
import { bytesUpTo } from './cbor/scalars.js'

/** Longest big integer on the wire, sign byte included. Source: go-state-types big/int.go (128). */
export const MAX_BIGINT_BYTES = 128

const raw = bytesUpTo(MAX_BIGINT_BYTES)

/** Sign byte (0 or 1) and big-endian magnitude; zero is empty. */
export function bigIntToBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0)
  const magnitude = (value < 0n ? -value : value).toString(16)
  const hex = magnitude.length % 2 === 0 ? magnitude : `0${magnitude}`
  const out = new Uint8Array(1 + hex.length / 2)
  out[0] = value < 0n ? 1 : 0
  for (let i = 1; i < out.length; i++) out[i] = Number.parseInt(hex.slice(2 * i - 2, 2 * i), 16)
  return out
}

/** The inverse; leading zeros and a zero with a sign are accepted. @throws CborError `INVALID_VALUE` on a bad sign */
export function bigIntFromBytes(bytes: Uint8Array): bigint {
  const [sign, ...magnitude] = bytes
  if (sign === undefined) return 0n
  if (sign !== 0 && sign !== 1) {
    throw new CborError('INVALID_VALUE', `big int prefix should be either 0 or 1, got ${sign}`)
  }
  if (magnitude.length === 0) return 0n
  const hex = magnitude.map((byte) => byte.toString(16).padStart(2, '0')).join('')
  const value = BigInt(`0x${hex}`)
  return sign === 1 ? -value : value
}

/** A big integer as Filecoin writes it: a byte string of at most 128 bytes. */
export const bigInt: Codec<bigint> = codec({
  write(writer, value) {
    if (typeof value !== 'bigint')
      throw new CborError('UNENCODABLE', `cannot write ${typeof value} as a big int`)
    raw.write(writer, bigIntToBytes(value))
  },
  read(reader) {
    return bigIntFromBytes(raw.read(reader))
  },
  zero: () => 0n,
})

/** A token amount in attoFIL (10^−18 FIL). Negative amounts decode: the actors decide what they mean. */
export const bigIntBytes: Codec<AttoFil> = mapped(
  bigInt,
  (value) => value as AttoFil,
  (value) => value,
)

/** Reads the decimal string of Lotus' JSON: optional sign, digits. @throws CborError `INVALID_VALUE` */
export function bigIntFromJson(value: unknown): bigint {
  if (typeof value !== 'string' || !/^[+-]?[0-9]+$/.test(value)) {
    throw new CborError('INVALID_VALUE', `failed to parse big string: '${String(value)}'`)
  }
  return BigInt(value.replace('+', ''))
}

/** Quotient and remainder with 0 ≤ remainder < |divisor|: how the actors divide. @throws RangeError when b is 0 */
export function divideEuclidean(a: bigint, b: bigint): { quotient: bigint; remainder: bigint } {
  let quotient = a / b
  let remainder = a % b
  if (remainder < 0n) {
    quotient -= b > 0n ? 1n : -1n
    remainder += b > 0n ? b : -b
  }
  return { quotient, remainder }
}
