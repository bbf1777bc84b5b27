/** Sorted sets of sector numbers (or indexes), kept as plain arrays so that the state stays plain data. */

export function sectorSet(numbers: Iterable<number>): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b)
}

export function union(a: readonly number[], b: readonly number[]): number[] {
  return sectorSet([...a, ...b])
}

export function minus(a: readonly number[], b: readonly number[]): number[] {
  const drop = new Set(b)
  return a.filter((number) => !drop.has(number))
}

export function intersect(a: readonly number[], b: readonly number[]): number[] {
  const keep = new Set(b)
  return a.filter((number) => keep.has(number))
}

export function containsAll(a: readonly number[], b: readonly number[]): boolean {
  const have = new Set(a)
  return b.every((number) => have.has(number))
}
