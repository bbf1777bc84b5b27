/** `100.0000%`: a share of the network, as lotus prints it; `0.0000%` of nothing. */
export function share(part: bigint, whole: bigint): string {
  if (whole === 0n) return '0.0000%'
  // Seven digits more than are shown, so that the division does not round twice.
  return `${(Number((part * 10n ** 13n) / whole) / 1e11).toFixed(4)}%`
}
