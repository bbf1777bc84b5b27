import type { Brand } from './brand.js'
import { goQuote } from './go-quote.js'
import { UnitsError } from './units-error.js'

/** Money, in 10^-18 FIL. May be negative (a difference). Never a `number`. */
export type AttoFil = Brand<bigint, 'AttoFil'>

/** States that this number is in attoFIL. */
export function attoFil(n: bigint): AttoFil {
  return n as AttoFil
}

/** Reads the decimal text that databases and JSON carry: attoFIL, no unit, no leading zeros. @throws UnitsError FIL_INVALID */
export function attoFilFromText(text: string): AttoFil {
  if (!/^(?:0|-?[1-9]\d*)$/.test(text)) {
    throw new UnitsError('FIL_INVALID', `not a whole number of attoFIL: ${goQuote(text)}`)
  }
  return attoFil(BigInt(text))
}

/** The sum; of nothing, zero. */
export function addFil(...amounts: readonly AttoFil[]): AttoFil {
  return attoFil(amounts.reduce((sum: bigint, amount) => sum + amount, 0n))
}

/** `from` less `amount`; negative when `amount` is more. */
export function subtractFil(from: AttoFil, amount: AttoFil): AttoFil {
  return attoFil(from - amount)
}

/** `times` as much. */
export function multiplyFil(amount: AttoFil, times: bigint): AttoFil {
  return attoFil(amount * times)
}

/** Bytes of the number part that lotus reads. Source: filecoin-project/lotus chain/types/fil.go (ParseFIL). */
const longestNumber = 50

// Go's unicode.IsSpace; JavaScript's trim() knows U+FEFF and misses U+0085.
const surroundingSpace =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

/**
 * Reads an amount as lotus does: `0.5`, `0.5 FIL`, `500 attofil`, `500afil`; unit in any case, FIL when absent.
 * Source: filecoin-project/lotus chain/types/fil.go (ParseFIL); the error texts are lotus' own.
 * @throws UnitsError FIL_INVALID
 */
export function parseFil(text: string): AttoFil {
  const number = /^[-.\d]*/.exec(text)?.[0] ?? ''
  const suffix = text.slice(number.length)
  const unit = suffix.replace(surroundingSpace, '').toLowerCase()
  if (!['', 'fil', 'attofil', 'afil'].includes(unit)) {
    throw new UnitsError('FIL_INVALID', `unrecognized suffix: ${goQuote(suffix)}`)
  }
  const isAtto = unit === 'attofil' || unit === 'afil'
  if (number.length > longestNumber) {
    throw new UnitsError('FIL_INVALID', `string length too large: ${number.length}`)
  }
  const parts = /^(-?)(\d*)\.?(\d*)$/.exec(number)
  const [, sign = '', whole = '', decimals = ''] = parts ?? []
  if (whole === '' && decimals === '') {
    throw new UnitsError('FIL_INVALID', `failed to parse ${goQuote(number)} as a decimal number`)
  }
  const places = isAtto ? 0 : 18
  const fraction = decimals.replace(/0+$/, '')
  if (fraction.length > places) {
    throw new UnitsError('FIL_INVALID', `invalid ${isAtto ? 'atto' : ''}FIL value: ${goQuote(number)}`)
  }
  const magnitude = BigInt(`${whole}${fraction.padEnd(places, '0')}`)
  return attoFil(sign === '-' ? -magnitude : magnitude)
}

/** `amount` / 10^scale with at most `decimals` decimals (halves away from zero) and no trailing zeros. */
function decimalText(amount: bigint, scale: number, decimals: number): string {
  const magnitude = amount < 0n ? -amount : amount
  const dropped = 10n ** BigInt(Math.max(scale - decimals, 0))
  const kept = (magnitude + dropped / 2n) / dropped
  const places = Math.min(scale, decimals)
  const digits = kept.toString().padStart(places + 1, '0')
  const whole = digits.slice(0, digits.length - places)
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '')
  return `${amount < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

/** `0.5`: FIL with all its decimals and no unit. */
export function formatFilUnitless(amount: AttoFil): string {
  return decimalText(amount, 18, 18)
}

/** `0.5 FIL`: FIL with all its decimals, as lotus prints money. */
export function formatFil(amount: AttoFil): string {
  return `${formatFilUnitless(amount)} FIL`
}

const shortUnits = ['aFIL', 'fFIL', 'pFIL', 'nFIL', 'μFIL', 'mFIL', 'FIL']

/** `500 pFIL`: the unit that leaves one to three integer digits, three decimals at most; plain `0` for nothing. */
export function formatFilShort(amount: AttoFil): string {
  if (amount === 0n) return '0'
  const magnitude = amount < 0n ? -amount : amount
  const fits = shortUnits.findIndex((_, at) => magnitude < 1000n ** BigInt(at + 1))
  const at = fits === -1 ? shortUnits.length - 1 : fits
  return `${decimalText(amount, at * 3, 3)} ${shortUnits[at]}`
}

/** `0.5 nFIL`: nanoFIL with all its decimals; plain `0` for nothing. */
export function formatFilNano(amount: AttoFil): string {
  return amount === 0n ? '0' : `${decimalText(amount, 9, 9)} nFIL`
}
