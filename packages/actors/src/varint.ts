/** An unsigned varint could not be read. */
export class VarintError extends Error {
  override readonly name = 'VarintError'
  readonly remedy = 'drop'

  constructor(readonly code: 'NOT_TERMINATED' | 'NOT_MINIMAL' | 'OVERFLOW') {
    super(
      {
        NOT_TERMINATED: 'varints malformed, could not reach the end',
        NOT_MINIMAL: 'varint not minimally encoded',
        OVERFLOW: 'varints larger than uint63 not supported',
      }[code],
    )
  }
}

/** `value` (0 ≤ n < 2^63) as an unsigned LEB128 varint, shortest form. */
export function encodeVarint(value: bigint): Uint8Array {
  if (value >= 0n && value < 0x80n) return Uint8Array.of(Number(value))
  if (value < 0n || value >= 1n << 63n) throw new VarintError('OVERFLOW')
  const out: number[] = []
  let rest = value
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

/**
 * The unsigned varint at `offset`: its value and the offset after it.
 * At most 9 bytes and shortest form, as multiformats' unsigned-varint demands.
 */
export function decodeVarint(input: Uint8Array, offset = 0): { value: bigint; next: number } {
  let value = 0n
  for (let i = 0; i < 9; i++) {
    const byte = input[offset + i]
    if (byte === undefined) throw new VarintError('NOT_TERMINATED')
    value |= BigInt(byte & 0x7f) << BigInt(7 * i)
    if (byte < 0x80) {
      if (byte === 0 && i > 0) throw new VarintError('NOT_MINIMAL')
      return { value, next: offset + i + 1 }
    }
  }
  throw new VarintError('OVERFLOW')
}
