import { expect, it } from 'vitest'
import { goTime } from './go-time.js'

it.each([
  [Date.UTC(2026, 10, 22, 14, 41, 4, 147), '2026-11-22 14:41:04.147 +0000 UTC'],
  [Date.UTC(2026, 10, 22, 14, 41, 4, 100), '2026-11-22 14:41:04.1 +0000 UTC'],
  [Date.UTC(2026, 10, 22, 14, 40, 0, 0), '2026-11-22 14:40:00 +0000 UTC'],
  [Date.UTC(2026, 10, 20, 10, 0, 10, 0), '2026-11-20 10:00:10 +0000 UTC'],
])('prints a time as Go does', (ms, text) => {
  expect(goTime(ms)).toBe(text)
})
