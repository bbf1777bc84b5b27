/** Bytes of the longest varint that multiformats allows: 63 bits. */
const longestVarint = 9

/** An unsigned number, and the bytes it took. Numbers beyond 2^53 - 1 come out as Infinity: larger than any cap. */
export interface Uvarint {
  value: number
  length: number
}

/**
 * Reads a multiformats unsigned varint from `at` on.
 * @returns undefined when the bytes end before it does; 'malformed' when it is too long or not the shortest form.
 */
export function readUvarint(bytes: Uint8Array, at: number): Uvarint | undefined | 'malformed' {
  let value = 0
  for (let index = 0; index < longestVarint; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) {
      if (byte === 0 && index > 0) return 'malformed'
      return { value: value > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : value, length: index + 1 }
    }
  }
  return 'malformed'
}
