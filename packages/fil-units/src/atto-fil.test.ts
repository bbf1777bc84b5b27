import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addFil,
  attoFil,
  attoFilFromText,
  formatFil,
  formatFilUnitless,
  parseFil,
  subtractFil,
  UnitsError,
} from './index.js'

const amounts = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(attoFil)

describe('money', () => {
  it('reads back whatever it prints', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseFil(formatFil(amount))).toBe(amount)
        expect(parseFil(formatFilUnitless(amount))).toBe(amount)
        expect(parseFil(`${amount} attofil`)).toBe(amount)
        expect(attoFilFromText(amount.toString())).toBe(amount)
      }),
    )
  })

  it('refuses any text it cannot read with a UnitsError, and nothing else', () => {
    const near = fc.string({ unit: fc.constantFrom(...'-.0123456789 \u00a0FILfilato+e,') })
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), near), (text) => {
        for (const parse of [parseFil, attoFilFromText]) {
          try {
            expect(typeof parse(text)).toBe('bigint')
          } catch (error) {
            expect(error).toBeInstanceOf(UnitsError)
          }
        }
      }),
    )
  })

  it('refuses numbers of more than 50 characters, as lotus does', () => {
    expect(parseFil('1'.repeat(50))).toBe(BigInt('1'.repeat(50)) * 10n ** 18n)
    expect(() => parseFil('1'.repeat(51))).toThrow('string length too large: 51')
  })

  it('keeps only the canonical decimal text for databases', () => {
    for (const text of ['', '01', '-0', '+1', '1.0', ' 1', '0x1', '1n', '1e3']) {
      expect(() => attoFilFromText(text)).toThrow(UnitsError)
    }
  })

  it('adds and subtracts', () => {
    fc.assert(
      fc.property(amounts, amounts, (a, b) => {
        expect(subtractFil(addFil(a, b), b)).toBe(a)
      }),
    )
    expect(addFil()).toBe(0n)
  })
})
