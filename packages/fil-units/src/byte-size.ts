import { formatGoG, parseGoFloat } from './go-float.js'
import { UnitsError } from './units-error.js'

const binaryPrefixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']
const decimalPrefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']

/** Divides by `base` while at least `base` is left and `prefixes` has a next one. */
function scaled(
  number: number,
  base: number,
  prefixes: readonly string[],
): { number: number; prefix: string } {
  let rest = number
  let at = 0
  while (rest >= base && at + 1 < prefixes.length) {
    rest /= base
    at++
  }
  return { number: rest, prefix: prefixes[at] ?? '' }
}

/** `31.75 GiB`: four significant digits, as lotus prints sizes (SizeStr). Negative numbers stay in bytes. */
export function formatSize(bytes: bigint): string {
  const { number, prefix } = scaled(Number(bytes), 1024, binaryPrefixes.slice(0, 8))
  return `${formatGoG(number, 4)} ${prefix}B`
}

/** `31.8 Gi`: three significant digits, no unit after the prefix, as lotus prints power (DeciStr). */
export function formatDecimal(count: bigint): string {
  const { number, prefix } = scaled(Number(count), 1024, binaryPrefixes.slice(0, 8))
  return `${formatGoG(number, 3)} ${prefix}`
}

/** `32GiB`: whole units, rounded down, as lotus prints sector sizes (SectorSize.ShortString). */
export function formatSectorSize(bytes: bigint): string {
  let rest = bytes
  let at = 0
  while (rest >= 1024n && at < 6) {
    rest /= 1024n
    at++
  }
  return `${rest}${binaryPrefixes[at]}B`
}

/** `1MiB`: four significant digits, binary units, no space (docker go-units BytesSize). */
export function formatBinaryBytes(bytes: bigint): string {
  const { number, prefix } = scaled(Number(bytes), 1024, binaryPrefixes)
  return `${formatGoG(number, 4)}${prefix}B`
}

/** `1.049MB`: four significant digits, decimal units, no space (docker go-units HumanSize). */
export function formatDecimalBytes(bytes: bigint): string {
  const { number, prefix } = scaled(Number(bytes), 1000, decimalPrefixes)
  return `${formatGoG(number, 4)}${prefix}B`
}

/** First byte after the largest int64; docker's parser wraps beyond it, this one refuses. */
const tooLarge = 2 ** 63

function parse(text: string, base: number): bigint {
  const last = Math.max(...[...'0123456789. '].map((character) => text.lastIndexOf(character)))
  if (last === -1) throw new UnitsError('SIZE_INVALID', `invalid size: '${text}'`)
  const number = parseGoFloat(text.slice(0, text[last] === ' ' ? last : last + 1), 'SIZE_INVALID')
  if (number < 0) throw new UnitsError('SIZE_INVALID', `invalid size: '${text}'`)
  const suffix = text.slice(last + 1)
  const bytes = number * multiplier(suffix, base)
  if (!(bytes < tooLarge)) throw new UnitsError('SIZE_INVALID', `size too large: '${text}'`)
  return BigInt(Math.trunc(bytes))
}

/** What a suffix multiplies by: b, or one of k m g t p with an optional b or ib, in any case. */
function multiplier(suffix: string, base: number): number {
  if (suffix === '') return 1
  // Longer than three bytes is refused as it was written, shorter ones are printed in lower case.
  if (new TextEncoder().encode(suffix).length > 3) {
    throw new UnitsError('SIZE_INVALID', `invalid suffix: '${suffix}'`)
  }
  const lower = suffix.toLowerCase()
  if (lower === 'b') return 1
  const power = ['k', 'm', 'g', 't', 'p'].indexOf(lower.slice(0, 1)) + 1
  if (power === 0 || !['', 'b', 'ib'].includes(lower.slice(1))) {
    throw new UnitsError('SIZE_INVALID', `invalid suffix: '${lower}'`)
  }
  return base ** power
}

/**
 * Reads `32GiB`, `32G`, `2k`, `64 GiB`, `1e3`: every unit is binary, as operators' options always were.
 * Source: docker/go-units v0.5.0 size.go (RAMInBytes); unlike it, refuses what does not fit an int64.
 * @throws UnitsError SIZE_INVALID
 */
export function parseSize(text: string): bigint {
  return parse(text, 1024)
}

/**
 * Reads the same texts with decimal units: `32G` is 32,000,000,000.
 * Source: docker/go-units v0.5.0 size.go (FromHumanSize).
 * @throws UnitsError SIZE_INVALID
 */
export function parseDecimalSize(text: string): bigint {
  return parse(text, 1000)
}
