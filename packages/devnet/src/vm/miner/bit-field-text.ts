import { BitField } from '@sealane/actors'

/** A set of sector numbers as the actors print it in their texts. */
export function bitFieldText(numbers: readonly number[]): string {
  const ranges = [...BitField.of(numbers).ranges()].map(({ start, end }) => `${start}..${end}`)
  return `BitField { ranges: [${ranges.join(', ')}], set: {}, unset: {} }`
}
