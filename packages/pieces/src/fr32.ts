import { installedKernels } from '@sealane/crypto'
import { PieceError } from './piece-error.js'

/** Payload bytes that make one group of four field elements, and the bytes of that group. */
const unpaddedGroup = 127
const paddedGroup = 128

/** 32-bit words of one field element. */
const elementWords = 8

/** Each element carries 254 bits of payload; the two top bits of its last word stay zero. */
const topWordMask = 0x3fff_ffff

/**
 * Spreads a stream of 254-bit pieces over 32-byte elements, `elements` of them.
 * Both arrays are little-endian words, which is what every platform that runs this has; `payload` needs one word
 * beyond the last payload bit (it is read, not used).
 */
export function spreadElements(payload: Uint32Array, padded: Uint32Array, elements: number): void {
  for (let element = 0, to = 0; element < elements; element++, to += elementWords) {
    const firstBit = element * 254
    const from = firstBit >>> 5
    const shift = firstBit & 31
    // (high << 1) << (31 - shift) is high << (32 - shift), also for shift 0, where JavaScript would not shift at all.
    const back = 31 - shift
    let low = payload[from] ?? 0
    for (let word = 0; word < elementWords; word++) {
      const high = payload[from + word + 1] ?? 0
      padded[to + word] = (low >>> shift) | ((high << 1) << back)
      low = high
    }
    padded[to + 7] = (padded[to + 7] ?? 0) & topWordMask
  }
}

/**
 * The reverse of {@link spreadElements}; `payload` must be zero and have one word to spare.
 * The two top bits of an element ought to be zero. Where they are not, the bytes are corrupt, and the result is what
 * lotus makes of them, so that both sides see the same corruption: within a group the first element's leak into the
 * second by or, the second's and third's onwards by exclusive or, the fourth's are dropped.
 * Source: filecoin-project/lotus storage/sealer/fr32/fr32.go (unpad).
 */
function gatherElements(padded: Uint32Array, payload: Uint32Array, elements: number): void {
  for (let element = 0, from = 0; element < elements; element++, from += elementWords) {
    const firstBit = element * 254
    const to = firstBit >>> 5
    const shift = firstBit & 31
    const back = 31 - shift
    const place = element & 3
    for (let word = 0; word < elementWords; word++) {
      const bits = (padded[from + word] ?? 0) & (word === 7 && place === 3 ? topWordMask : -1)
      const there = payload[to + word] ?? 0
      const low = bits << shift
      payload[to + word] = place === 1 ? there | low : there ^ low
      payload[to + word + 1] = (payload[to + word + 1] ?? 0) | ((bits >>> 1) >>> back)
    }
  }
}

/** The bytes in words of their own, with one word to spare. */
function toWords(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(Math.ceil(bytes.length / 4) + 1)
  new Uint8Array(words.buffer).set(bytes)
  return words
}

/**
 * Expands payload for sealing: every 127 bytes become 128, two zero bits after each 254.
 * @throws PieceError LENGTH_INVALID when the length is no multiple of 127.
 */
export function fr32Pad(payload: Uint8Array): Uint8Array {
  if (payload.length % unpaddedGroup !== 0) {
    throw new PieceError('LENGTH_INVALID', `${payload.length} bytes are no multiple of 127`)
  }
  const native = installedKernels()?.fr32PadInto
  const padded = new Uint32Array((payload.length / unpaddedGroup) * 32)
  if (native !== undefined) native(payload, new Uint8Array(padded.buffer))
  else spreadElements(toWords(payload), padded, padded.length / elementWords)
  return new Uint8Array(padded.buffer)
}

/**
 * Takes the payload out of expanded bytes: every 128 bytes become 127. Bits that expansion leaves zero are not checked.
 * @throws PieceError LENGTH_INVALID when the length is no multiple of 128.
 */
export function fr32Unpad(padded: Uint8Array): Uint8Array {
  if (padded.length % paddedGroup !== 0) {
    throw new PieceError('LENGTH_INVALID', `${padded.length} bytes are no multiple of 128`)
  }
  const payloadBytes = (padded.length / paddedGroup) * unpaddedGroup
  const native = installedKernels()?.fr32UnpadInto
  if (native !== undefined) {
    const taken = new Uint8Array(payloadBytes)
    native(padded, taken)
    return taken
  }
  const payload = new Uint32Array(Math.ceil(payloadBytes / 4) + 1)
  gatherElements(toWords(padded), payload, padded.length / 32)
  return new Uint8Array(payload.buffer, 0, payloadBytes)
}
