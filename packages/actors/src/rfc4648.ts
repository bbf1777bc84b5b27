/** A character outside the alphabet. `at` is its index in the text. */
export class IllegalCharacter extends Error {
  override readonly name = 'IllegalCharacter'
  readonly code = 'ILLEGAL_CHARACTER'
  readonly remedy = 'drop'

  constructor(
    readonly alphabetName: string,
    readonly at: number,
  ) {
    super(`illegal ${alphabetName} data at input byte ${at}`)
  }
}

/** Text whose length no encoder produces: its last character holds no whole byte. */
export class IncompleteText extends Error {
  override readonly name = 'IncompleteText'
  readonly code = 'INCOMPLETE_TEXT'
  readonly remedy = 'drop'

  constructor(readonly alphabetName: string) {
    super(`${alphabetName} data ends inside a group`)
  }
}

/** One of RFC 4648's encodings without padding. */
export interface BaseEncoding {
  encode(bytes: Uint8Array): string
  /**
   * Leftover bits are dropped, as Go's decoders do: compare with a re-encoding where one spelling must be enforced.
   * @throws IllegalCharacter, IncompleteText
   */
  decode(text: string): Uint8Array
}

/** Stands in a table of values for characters outside the alphabet. */
const none = 0xff

function baseEncoding(name: string, alphabet: string, bitsPerCharacter: number): BaseEncoding {
  const values = new Uint8Array(128).fill(none)
  for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value
  const mask = (1 << bitsPerCharacter) - 1
  return {
    encode(bytes) {
      let out = ''
      let buffer = 0
      let bits = 0
      for (let i = 0; i < bytes.length; i++) {
        buffer = ((buffer & 0xffff) << 8) | (bytes[i] ?? 0)
        bits += 8
        while (bits >= bitsPerCharacter) {
          bits -= bitsPerCharacter
          out += alphabet[(buffer >> bits) & mask]
        }
      }
      if (bits > 0) out += alphabet[(buffer << (bitsPerCharacter - bits)) & mask]
      return out
    },
    decode(text) {
      const out = new Uint8Array(Math.floor((text.length * bitsPerCharacter) / 8))
      let buffer = 0
      let bits = 0
      let used = 0
      for (let i = 0; i < text.length; i++) {
        const value = values[text.charCodeAt(i)] ?? none
        if (value === none) throw new IllegalCharacter(name, i)
        buffer = ((buffer & 0xffff) << bitsPerCharacter) | value
        bits += bitsPerCharacter
        if (bits >= 8) {
          bits -= 8
          out[used++] = (buffer >> bits) & 0xff
        }
      }
      if (bits >= bitsPerCharacter) throw new IncompleteText(name)
      return out
    },
  }
}

/** Base 16, lower case. */
export const base16 = baseEncoding('base16', '0123456789abcdef', 4)
/** Base 32, lower case, no padding: addresses and CIDs. */
export const base32 = baseEncoding('base32', 'abcdefghijklmnopqrstuvwxyz234567', 5)
/** Base 64 with the standard alphabet, no padding. */
export const base64 = baseEncoding(
  'base64',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  6,
)
/** Base 64 with the URL alphabet, no padding. */
export const base64url = baseEncoding(
  'base64url',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  6,
)
