/** Label and value pairs, labels padded to the widest; pairs without a value are left out. */
export function facts(pairs: readonly (readonly [string, string | number | null | undefined])[]): string {
  const known = pairs.filter(
    (pair): pair is readonly [string, string | number] => pair[1] !== null && pair[1] !== undefined,
  )
  const widest = Math.max(0, ...known.map(([label]) => [...label].length))
  return known
    .map(([label, value]) => `${label}${' '.repeat(widest + 2 - [...label].length)}${value}\n`)
    .join('')
}
