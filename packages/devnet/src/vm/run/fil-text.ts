import { attoFil, formatFilUnitless } from '@sealane/fil-units'

/** FIL with at least one decimal, as the actors and the machine print amounts: `1000000.0`. */
export function filText(amount: bigint): string {
  const text = formatFilUnitless(attoFil(amount))
  return text.includes('.') ? text : `${text}.0`
}
