import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Json, parseJson, stringifyJson } from './json.js'

describe('JSON', () => {
  it('keeps all digits of whole numbers, and leaves everything else as it is', () => {
    const text =
      '{"a":4611686018427387903,"b":[1,-9007199254740993],"c":1.5,"d":"4611686018427387903","e":9007199254740991}'
    const value = parseJson(text)
    expect(value).toEqual({
      a: 4611686018427387903n,
      b: [1, -9007199254740993n],
      c: 1.5,
      d: '4611686018427387903',
      e: 9007199254740991,
    })
    expect(stringifyJson(value)).toBe(text)
  })
  it('comes back as it went, whatever it holds', () => {
    const long = fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n })
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.maxSafeInteger(),
        long,
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('record'),
      ),
      list: fc.array(tie('tree'), { maxLength: 4 }),
      record: fc.dictionary(
        fc.string({ minLength: 1 }).filter((key) => key !== '__proto__'),
        tie('tree'),
        { maxKeys: 4, noNullPrototype: true },
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(parseJson(stringifyJson(value as Json))).toEqual(value)
      }),
    )
  })
  it('does not take digits inside a string for a number', () => {
    expect(parseJson('{"a":"x:12345678901234567890"}')).toEqual({ a: 'x:12345678901234567890' })
    expect(parseJson('[12345678901234567890]')).toEqual([12345678901234567890n])
    expect(typeof parseJson('12345678901234567890.5')).toBe('number')
  })
})
