import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { winningSectorIndex } from './winning-sector.js'

const { items } = JSON.parse(
  readFileSync(new URL('./vectors/winning-sectors.json', import.meta.url), 'utf8'),
) as { items: { randomnessHex: string; sectors: number; challenged: number }[] }

it.each(items)('asks for the sector a real lotus was asked for: %o', (item) => {
  // f01000
  const proverId = Uint8Array.of(0xe8, 0x07, ...new Uint8Array(30))
  const randomness = new Uint8Array(Buffer.from(item.randomnessHex, 'hex'))
  expect(winningSectorIndex(proverId, randomness, item.sectors)).toBe(item.challenged)
})
