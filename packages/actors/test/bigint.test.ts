import { attoFil } from '@sealane/fil-units'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  bigInt,
  bigIntBytes,
  bigIntFromBytes,
  bigIntFromJson,
  bigIntToBytes,
  divideEuclidean,
} from '../src/index.js'
import { bytes, codeOf, hex } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'bigint-cbor.json')

describe('recorded big integers', () => {
  it.each(recorded<RecordedCase & { value: string; cbor: string; bytes: string; json: string }>('encode'))(
    'writes $value',
    (c) => {
      const value = BigInt(c.value)
      if (!c.ok) {
        expect(codeOf(() => bigInt.encode(value))).toBe('TOO_LARGE')
        return
      }
      expect(hex(bigIntBytes.encode(attoFil(value)))).toBe(c.cbor)
      expect(hex(bigIntToBytes(value))).toBe(c.bytes)
      expect(bigInt.decode(bytes(c.cbor))).toBe(value)
      expect(JSON.stringify(`${value}`)).toBe(c.json)
    },
  )

  const nothing = ['encode_nil', 'encode_nil_pointer'].flatMap((kind) =>
    recorded<RecordedCase & { cbor: string }>(kind),
  )
  it.each(nothing)('writes nothing as zero ($kind)', (c) => {
    expect(hex(bigInt.encode(bigInt.zero()))).toBe(c.cbor)
  })

  it.each(
    recorded<RecordedCase & { cbor: string; value: string; unread_bytes: number; reencoded: string }>(
      'decode',
    ),
  )('reads $cbor as the reference does', (c) => {
    if (!c.ok) {
      expect(codeOf(() => bigInt.decodePrefix(bytes(c.cbor)))).toMatch(
        /^(TRUNCATED|MALFORMED|WRONG_TYPE|TOO_LARGE|INVALID_VALUE)$/,
      )
      return
    }
    const { value, unreadBytes } = bigInt.decodePrefix(bytes(c.cbor))
    expect(`${value}`).toBe(c.value)
    expect(unreadBytes).toBe(c.unread_bytes)
    expect(hex(bigInt.encode(value))).toBe(c.reencoded)
  })

  it.each(recorded<RecordedCase & { bytes: string; value: string }>('from_bytes'))(
    'reads bytes "$bytes"',
    (c) => {
      if (c.ok) expect(`${bigIntFromBytes(bytes(c.bytes))}`).toBe(c.value)
      else expect(codeOf(() => bigIntFromBytes(bytes(c.bytes)))).toBe('INVALID_VALUE')
    },
  )

  it.each(recorded<RecordedCase & { json: string; value: string }>('json_decode'))(
    'reads JSON $json',
    (c) => {
      if (c.ok) expect(`${bigIntFromJson(JSON.parse(c.json))}`).toBe(c.value)
      else expect(codeOf(() => bigIntFromJson(JSON.parse(c.json)))).toBe('INVALID_VALUE')
    },
  )

  it.each(
    recorded<RecordedCase & { a: string; b: string; div: string; mod: string; rsh_a_5: string }>('div_mod'),
  )('divides $a by $b', (c) => {
    const { quotient, remainder } = divideEuclidean(BigInt(c.a), BigInt(c.b))
    expect([`${quotient}`, `${remainder}`, `${BigInt(c.a) >> 5n}`]).toEqual([c.div, c.mod, c.rsh_a_5])
  })
})
