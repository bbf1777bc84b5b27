import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  epoch,
  epochToUnixSeconds,
  formatDuration,
  formatNanoseconds,
  formatRfc822,
  formatRfc3339,
  parseDuration,
  parseNanoseconds,
  UnitsError,
  unixSecondsToEpoch,
} from './index.js'

const int64 = fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 63n - 1n })

describe('durations', () => {
  it('reads back whatever it prints, to the nanosecond', () => {
    fc.assert(
      fc.property(int64, (nanoseconds) => {
        expect(parseNanoseconds(formatNanoseconds(nanoseconds))).toBe(nanoseconds)
      }),
    )
  })

  it('refuses any text it cannot read with a UnitsError, and nothing else', () => {
    const near = fc.string({ unit: fc.constantFrom(...'+-.0123456789hmsnuµμd') })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (text) => {
        try {
          expect(typeof parseNanoseconds(text)).toBe('bigint')
        } catch (error) {
          expect(error).toBeInstanceOf(UnitsError)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['0', 0],
    ['6h', 21_600_000],
    ['1h15m30.918s', 4_530_918],
    ['+5s', 5_000],
    ['-1.5h', -5_400_000],
    ['100ms', 100],
    ['1us', 0.001],
    ['1μs', 0.001],
  ])('reads %s as %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  it.each([
    ['3', 'time: missing unit in duration "3"'],
    ['.s', 'time: invalid duration ".s"'],
    ['+', 'time: invalid duration "+"'],
    ['1"', 'time: unknown unit "\\"" in duration "1\\""'],
    ['1é', 'time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
    ['9223372036854775808ns', 'time: invalid duration "9223372036854775808ns"'],
    ['3000000h', 'time: invalid duration "3000000h"'],
    ['99999999999999999999s', 'time: invalid duration "99999999999999999999s"'],
  ])('refuses %s in Go’s words', (text, message) => {
    expect(() => parseDuration(text)).toThrow(new UnitsError('DURATION_INVALID', message))
  })

  it.each(['2constructor5h', '25620__proto__47h', '1toString'])('knows no unit in %s', (text) => {
    expect(() => parseNanoseconds(text)).toThrow(expect.objectContaining({ code: 'DURATION_INVALID' }))
  })

  it('prints milliseconds with what lies below them', () => {
    expect(formatDuration(1.5)).toBe('1.5ms')
    expect(formatDuration(-90_061_001)).toBe('-25h1m1.001s')
  })
})

describe('epochs', () => {
  const clock = { genesisTimeSeconds: 1_598_306_400, blockDelaySeconds: 30 }

  it('refuses what is no whole number', () => {
    for (const n of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => epoch(n)).toThrow(UnitsError)
    }
    expect(epoch(-900)).toBe(-900)
    expect(Object.is(epoch(-0), 0)).toBe(true)
  })

  it('finds the epoch that is running', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(10 ** 6), max: 10 ** 8 }), fc.nat({ max: 29 }), (n, within) => {
        const begins = epochToUnixSeconds(clock, epoch(n))
        expect(unixSecondsToEpoch(clock, begins + within)).toBe(n)
      }),
    )
  })

  it('knows the calendar', () => {
    expect(formatRfc3339(-1)).toBe('1969-12-31T23:59:59Z')
    expect(formatRfc3339(951_782_400)).toBe('2000-02-29T00:00:00Z')
    expect(formatRfc3339(4_107_542_399)).toBe('2100-02-28T23:59:59Z')
    expect(formatRfc3339(4_107_542_400)).toBe('2100-03-01T00:00:00Z')
    expect(formatRfc822(1_600_000_000)).toBe('13 Sep 20 12:26 UTC')
  })
})
