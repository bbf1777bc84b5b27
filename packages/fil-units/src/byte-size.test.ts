import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatGoG } from './go-float.js'
import {
  formatSectorSize,
  formatSize,
  paddedSize,
  parseDecimalSize,
  parsePercent,
  parseSize,
  toPadded,
  toUnpadded,
  UnitsError,
  unpaddedSize,
} from './index.js'

describe('sizes', () => {
  it('goes from padded to unpadded and back for every piece size', () => {
    for (let bytes = 128n; bytes <= 1n << 60n; bytes *= 2n) {
      const unpadded = toUnpadded(paddedSize(bytes))
      expect(toPadded(unpaddedSize(unpadded))).toBe(bytes)
    }
  })

  it('reads back the sector sizes it prints', () => {
    for (let bytes = 1n; bytes < 1n << 60n; bytes *= 2n) {
      expect(parseSize(formatSectorSize(bytes))).toBe(bytes)
      expect(parseSize(formatSize(bytes))).toBe(bytes)
    }
  })

  it('refuses any text it cannot read with a UnitsError, and nothing else', () => {
    const near = fc.string({ unit: fc.constantFrom(...'-+.0123456789 _eExXpPkKmMgGtTiIbBnaf') })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (text) => {
        for (const parse of [parseSize, parseDecimalSize, parsePercent]) {
          try {
            expect(['bigint', 'number']).toContain(typeof parse(text))
          } catch (error) {
            expect(error).toBeInstanceOf(UnitsError)
          }
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses what does not fit an int64 instead of wrapping', () => {
    expect(parseSize('8388607TiB')).toBe((2n ** 23n - 1n) << 40n)
    expect(() => parseSize('8388608TiB')).toThrow(UnitsError)
    expect(() => parseSize('inf k')).toThrow(UnitsError)
    expect(() => parseSize('nan k')).toThrow(UnitsError)
    expect(() => parseSize('1e400')).toThrow('value out of range')
  })

  it('reads Go number syntax: exponents, underscores, hexadecimal', () => {
    expect(parseSize('1_0')).toBe(10n)
    expect(parseSize('0x1p4')).toBe(16n)
    expect(parseSize('0x_1.8p1 k')).toBe(3072n)
    for (const text of ['_1', '1__0', '1_', '1_k', '0x1', '1e', 'e1']) {
      expect(() => parseSize(text)).toThrow(UnitsError)
    }
  })
})

describe('significant digits as Go prints them', () => {
  it.each([
    [0, 4, '0'],
    [1022.5, 4, '1022'],
    [1023.5, 4, '1024'],
    [1000, 3, '1e+03'],
    [999.5, 3, '1e+03'],
    [998.5, 3, '998'],
    [-1024, 3, '-1.02e+03'],
    [12, 4, '12'],
    [100, 3, '100'],
    [1.001, 4, '1.001'],
    [1.0005, 4, '1'],
    [0.05, 3, '0.05'],
    [0.00001234, 3, '1.23e-05'],
    [9.9996e-5, 4, '0.0001'],
    [1.5e300, 2, '1.5e+300'],
  ])('%d to %d digits: %s', (number, digits, text) => {
    expect(formatGoG(number, digits)).toBe(text)
  })
})
