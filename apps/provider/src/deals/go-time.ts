/**
 * A time as Go prints it: `2026-11-22 14:41:04.147 +0000 UTC`. Clients see it in the answer to a replayed proposal.
 * Source: Go's time.Time.String, which drops trailing zeros of the fraction.
 */
export function goTime(unixMs: number): string {
  const [date, time = ''] = new Date(unixMs).toISOString().slice(0, -1).split('T')
  const [seconds, fraction = ''] = time.split('.')
  const digits = fraction.replace(/0+$/, '')
  return `${date} ${seconds}${digits === '' ? '' : `.${digits}`} +0000 UTC`
}
