import { expect, it } from 'vitest'
import { RateLimit } from './rate-limit.js'

it('lets a burst through, then so many a second, each peer for itself', () => {
  const limit = new RateLimit(2, 3)
  expect([0, 0, 0, 0].map((at) => limit.take('a', at))).toEqual([true, true, true, false])
  expect(limit.take('b', 0)).toBe(true)
  expect(limit.take('a', 499)).toBe(false)
  expect(limit.take('a', 1000)).toBe(true)
})

it('forgets peers that have not been heard of for longest', () => {
  const limit = new RateLimit(0.001, 1)
  limit.take('first', 0)
  for (let i = 0; i < 10_000; i += 1) limit.take(`peer ${i}`, 1)
  expect(limit.take('first', 2)).toBe(true)
})
