import { type AttoFil, attoFil, parseDuration, parseFil, parseSize, UnitsError } from '@sealane/fil-units'
import { CliError } from '../cli-error.js'

/** A refusal of what was typed; `text` says how to type it. */
export function usage(text: string): CliError {
  return new CliError({ code: 'USAGE', reason: text }, text)
}

/** A whole number from 0 on. */
export function natural(name: string, text: string | undefined): number {
  const value = Number(text)
  if (text === undefined || !/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw usage(`${name} is a whole number, not "${text ?? ''}"`)
  }
  return value
}

export function optionalNatural(name: string, text: string | undefined): number | undefined {
  return text === undefined ? undefined : natural(name, text)
}

/** An amount as lotus reads it: FIL unless it says attofil. Throws with lotus' own words. */
export function amount(name: string, text: string | undefined): AttoFil {
  try {
    const parsed = parseFil(text ?? '')
    if (parsed < 0n) throw usage(`${name} cannot be negative`)
    return parsed
  } catch (error) {
    if (error instanceof UnitsError) throw usage(`parsing '${name}' argument: ${error.message}`)
    throw error
  }
}

const smallUnits: Readonly<Record<string, bigint>> = {
  afil: 1n,
  attofil: 1n,
  ffil: 10n ** 3n,
  pfil: 10n ** 6n,
  nfil: 10n ** 9n,
  nanofil: 10n ** 9n,
  μfil: 10n ** 12n,
  µfil: 10n ** 12n,
  ufil: 10n ** 12n,
  mfil: 10n ** 15n,
}

/**
 * The price of an ask, per GiB and epoch: `0`, `0.0000000005`, `0.5 nFIL`, `500000000attofil`. A bare whole number is refused:
 * operators of 2020 typed attoFIL there and today's mean FIL, 10^18 times as much. Source: S2 of the operator notes.
 */
export function askPrice(name: string, text: string): AttoFil {
  if (/^0*[1-9]\d*$/.test(text.trim())) {
    const bare = text.trim()
    throw usage(`${name} ${bare}: say the unit, "${bare}attofil" (as in old notes) or "${bare}FIL"`)
  }
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*(\p{L}+)\s*$/u.exec(text) ?? []
  const factor = smallUnits[unit.toLowerCase()]
  if (factor === undefined) return amount(name, text)
  // A decimal number of a small unit is a whole number of attoFIL or nothing.
  const [, whole = '', fraction = ''] = /^(\d*)\.?(\d*)$/.exec(number) ?? []
  const scaled = BigInt(`${whole}${fraction}` || '0') * factor
  const divisor = 10n ** BigInt(fraction.length)
  if ((whole === '' && fraction === '') || scaled % divisor !== 0n)
    throw usage(`invalid FIL value: "${text}"`)
  return attoFil(scaled / divisor)
}

/** A size as every storage tool reads it: `512M` and `512MiB` are 2^29 bytes. Unit: bytes. */
export function size(name: string, text: string): bigint {
  try {
    return parseSize(text)
  } catch (error) {
    throw usage(
      `cannot parse ${name} to quantity of bytes: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

/** `720h0m0s` as epochs of this network, or a bare number of epochs. */
export async function epochs(
  name: string,
  text: string,
  blockDelaySeconds: () => Promise<number>,
): Promise<number> {
  if (/^\d+$/.test(text)) return natural(name, text)
  try {
    return Math.floor(parseDuration(text) / 1000 / (await blockDelaySeconds()))
  } catch (error) {
    if (error instanceof UnitsError) throw usage(`cannot parse ${name}: ${error.message}`)
    throw error
  }
}

/** A word of a closed set. */
export function oneOf<const Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found === undefined) throw usage(`${name} is ${words.join(' or ')}, not "${text}"`)
  return found
}

/** `true`/`false`, `on`/`off`, or nothing at all for true: as urfave's and Go's flags. */
export function flag(name: string, value: string | boolean): boolean {
  if (typeof value === 'boolean') return value
  if (['true', 'on', 'yes', '1'].includes(value.toLowerCase())) return true
  if (['false', 'off', 'no', '0'].includes(value.toLowerCase())) return false
  throw usage(`${name} is true or false, not "${value}"`)
}
