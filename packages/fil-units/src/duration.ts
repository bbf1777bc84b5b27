import { UnitsError } from './units-error.js'

const microsecond = 1_000n
const millisecond = 1_000_000n
const second = 1_000_000_000n
const minute = 60n * second
const hour = 60n * minute

const goUnits: Record<string, bigint> = {
  ns: 1n,
  us: microsecond,
  µs: microsecond, // U+00B5 micro sign
  μs: microsecond, // U+03BC Greek mu
  ms: millisecond,
  s: second,
  m: minute,
  h: hour,
}

/** As Go's time package quotes: everything beyond printable ASCII as bytes. */
function quoted(text: string): string {
  let out = ''
  for (const byte of new TextEncoder().encode(text)) {
    const character = String.fromCharCode(byte)
    if (byte >= 0x80 || byte < 0x20) out += `\\x${byte.toString(16).padStart(2, '0')}`
    else out += character === '"' || character === '\\' ? `\\${character}` : character
  }
  return `"${out}"`
}

const largest = 1n << 63n

/** Digits after the point until they overflow an int64, and ten to their count. */
function fractionOf(digits: string): { value: bigint; scale: number } {
  let value = 0n
  let scale = 1
  for (const digit of digits) {
    const next = value * 10n + BigInt(digit)
    if (value > (largest - 1n) / 10n || next > largest) break
    value = next
    scale *= 10
  }
  return { value, scale }
}

/**
 * Reads `6h`, `1h30m`, `-1.5h`, `100ms`, `0` into nanoseconds, exactly as Go's time.ParseDuration (no days).
 * @throws UnitsError DURATION_INVALID, with Go's texts
 */
export function parseNanoseconds(text: string): bigint {
  const invalid = new UnitsError('DURATION_INVALID', `time: invalid duration ${quoted(text)}`)
  const negative = text.startsWith('-')
  let rest = negative || text.startsWith('+') ? text.slice(1) : text
  if (rest === '0') return 0n
  if (rest === '') throw invalid
  let total = 0n
  while (rest !== '') {
    const match = /^(\d*)(?:\.(\d*))?([^.\d]*)/.exec(rest)
    const [all = '', whole = '', decimals = '', unitName = ''] = match ?? []
    if (whole === '' && decimals === '') throw invalid
    if (BigInt(whole || '0') > largest) throw invalid
    if (unitName === '') {
      throw new UnitsError('DURATION_INVALID', `time: missing unit in duration ${quoted(text)}`)
    }
    const unit = Object.hasOwn(goUnits, unitName) ? goUnits[unitName] : undefined
    if (unit === undefined) {
      const message = `time: unknown unit ${quoted(unitName)} in duration ${quoted(text)}`
      throw new UnitsError('DURATION_INVALID', message)
    }
    const { value, scale } = fractionOf(decimals)
    // Go takes the fraction through a float64; so must this, to be equal to the nanosecond.
    total += BigInt(whole || '0') * unit + BigInt(Math.trunc(Number(value) * (Number(unit) / scale)))
    if (total > largest) throw invalid
    rest = rest.slice(all.length)
  }
  if (negative) return -total
  if (total === largest) throw invalid
  return total
}

/** As {@link parseNanoseconds}, in milliseconds (with decimals below one). @throws UnitsError DURATION_INVALID */
export function parseDuration(text: string): number {
  return Number(parseNanoseconds(text)) / Number(millisecond)
}

function withFraction(amount: bigint, unit: bigint): string {
  const decimals = unit.toString().length - 1
  const fraction = (amount % unit).toString().padStart(decimals, '0').replace(/0+$/, '')
  return `${amount / unit}${decimals === 0 || fraction === '' ? '' : `.${fraction}`}`
}

/** `1h30m0s`, `1.5s`, `100ms`, `0s`: nanoseconds as Go prints a time.Duration. */
export function formatNanoseconds(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds
  const sign = nanoseconds < 0n ? '-' : ''
  if (magnitude === 0n) return '0s'
  if (magnitude < microsecond) return `${sign}${magnitude}ns`
  if (magnitude < millisecond) return `${sign}${withFraction(magnitude, microsecond)}µs`
  if (magnitude < second) return `${sign}${withFraction(magnitude, millisecond)}ms`
  const hours = magnitude < hour ? '' : `${magnitude / hour}h`
  const minutes = magnitude < minute ? '' : `${(magnitude % hour) / minute}m`
  return `${sign}${hours}${minutes}${withFraction(magnitude % minute, second)}s`
}

function toNanoseconds(milliseconds: number): bigint {
  const whole = Math.trunc(milliseconds)
  return BigInt(whole) * millisecond + BigInt(Math.round((milliseconds - whole) * Number(millisecond)))
}

/** As {@link formatNanoseconds}, from milliseconds. */
export function formatDuration(milliseconds: number): string {
  return formatNanoseconds(toNanoseconds(milliseconds))
}

// A year is 365 days here, as in the library that lotus' printing uses.
const wordUnits: readonly (readonly [string, bigint])[] = [
  ['year', 365n * 24n * hour],
  ['week', 7n * 24n * hour],
  ['day', 24n * hour],
  ['hour', hour],
  ['minute', minute],
  ['second', second],
  ['millisecond', millisecond],
  ['microsecond', microsecond],
]

/**
 * `3 years 26 weeks 1 day`: a duration in words, its first `units` non-zero units (all of them when not given).
 * Source: hako/durafmt, which lotus prints epochs with.
 */
export function formatDurationInWords(milliseconds: number, units = wordUnits.length): string {
  const total = toNanoseconds(milliseconds)
  let rest = total < 0n ? -total : total
  const words: string[] = []
  for (const [name, size] of wordUnits) {
    const count = rest / size
    rest %= size
    if (count > 0n) words.push(`${count} ${name}${count === 1n ? '' : 's'}`)
  }
  if (words.length === 0) return '0 seconds'
  return `${total < 0n ? '-' : ''}${words.slice(0, units).join(' ')}`
}
