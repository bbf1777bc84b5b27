import { goQuote } from './go-quote.js'
import { UnitsError, type UnitsErrorCode } from './units-error.js'

const decimal = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d[\d_]*)?$/i
const hexadecimal = /^([+-]?)0x_?([\da-f_]*)\.?([\da-f_]*)p([+-]?\d[\d_]*)$/i
const special = /^[+-]?(?:inf(?:inity)?|nan)$/i

/** Underscores separate digits, and may follow a 0x prefix; nowhere else. */
function underscoresFit(text: string): boolean {
  const digits = text.replace(/^[+-]?0x/i, '0')
  return !/(?:^|[^\da-f])_|_(?:$|[^\da-f_])|__/i.test(digits)
}

function value(text: string): number | undefined {
  if (special.test(text)) {
    if (/nan/i.test(text)) return /^nan$/i.test(text) ? Number.NaN : undefined
    return text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  }
  if (text.includes('_') && !underscoresFit(text)) return undefined
  const plain = text.replaceAll('_', '')
  const hex = hexadecimal.exec(plain)
  if (hex !== null) {
    const [, sign, whole = '', fraction = '', exponent = '0'] = hex
    if (whole + fraction === '') return undefined
    // One rounding only, so exact for mantissas up to 53 bits; longer ones may differ in the last bit.
    const magnitude = Number(BigInt(`0x${whole}${fraction}`)) * 2 ** (Number(exponent) - 4 * fraction.length)
    return sign === '-' ? -magnitude : magnitude
  }
  return decimal.test(text) ? Number(plain) : undefined
}

/**
 * Reads a floating point number as Go's strconv.ParseFloat does (underscores, hexadecimal with p, inf, nan), which is
 * what lotus' and docker's size and ratio options accept.
 * @throws UnitsError with the given code and Go's text.
 */
export function parseGoFloat(text: string, code: UnitsErrorCode): number {
  const number = value(text)
  if (number === undefined) {
    throw new UnitsError(code, `strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`)
  }
  if (!Number.isFinite(number) && !special.test(text)) {
    throw new UnitsError(code, `strconv.ParseFloat: parsing ${goQuote(text)}: value out of range`)
  }
  return number
}

/** Rounds a digit string to `keep` digits, ties to even. Returns the digits and whether a new leading digit appeared. */
function roundDigits(digits: string, keep: number): { digits: string; carried: boolean } {
  const kept = BigInt(digits.slice(0, keep))
  const rest = digits.slice(keep)
  const half = `5${'0'.repeat(rest.length - 1)}`
  const up = rest > half || (rest === half && kept % 2n === 1n)
  const rounded = (kept + (up ? 1n : 0n)).toString()
  return { digits: rounded.slice(0, keep), carried: rounded.length > keep }
}

/**
 * A finite number as Go's %.{significant}g prints it: exact halves go to the even digit (toPrecision goes up), no
 * trailing zeros, and an exponent once the number has more integer digits than significant ones.
 */
export function formatGoG(number: number, significant: number): string {
  if (number === 0) return '0'
  const sign = number < 0 ? '-' : ''
  // 100 digits hold every double from 1 to 10^47 exactly.
  const [mantissa = '', exponentText = '0'] = Math.abs(number).toExponential(99).split('e')
  const { digits, carried } = roundDigits(mantissa.replace('.', ''), significant)
  const exponent = Number(exponentText) + (carried ? 1 : 0)
  const bare = digits.replace(/0+$/, '')
  if (exponent >= significant || exponent < -4) {
    const fraction = bare.slice(1)
    const power = `${exponent < 0 ? '-' : '+'}${Math.abs(exponent).toString().padStart(2, '0')}`
    return `${sign}${bare.slice(0, 1)}${fraction === '' ? '' : `.${fraction}`}e${power}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${bare}`
  const whole = bare.padEnd(exponent + 1, '0')
  const fraction = whole.slice(exponent + 1)
  return `${sign}${whole.slice(0, exponent + 1)}${fraction === '' ? '' : `.${fraction}`}`
}
