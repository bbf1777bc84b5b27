import { parseGoFloat } from './go-float.js'
import { UnitsError } from './units-error.js'

/**
 * Hundredths as lotus prints ratios: the decimals are not padded, so 101 prints `1.1` and 110 prints `1.10`.
 * Source: filecoin-project/lotus chain/types/percent.go.
 */
export function formatPercent(hundredths: number): string {
  const magnitude = Math.abs(hundredths)
  return `${hundredths < 0 ? '-' : ''}${Math.trunc(magnitude / 100)}.${magnitude % 100}`
}

/**
 * Reads a ratio with at most two decimals: `1.25` is 125 hundredths.
 * @throws UnitsError PERCENT_INVALID
 */
export function parsePercent(text: string): number {
  const ratio = hundredths(text)
  if (Number.isNaN(ratio) || Math.trunc(ratio) !== ratio) {
    throw new UnitsError('PERCENT_INVALID', `ratio may only have two decimals: ${text}`)
  }
  return ratio === 0 ? 0 : ratio
}

function hundredths(text: string): number {
  try {
    return parseGoFloat(`${text}e2`, 'PERCENT_INVALID')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UnitsError('PERCENT_INVALID', `unable to parse ratio ${text}: ${reason}`)
  }
}
