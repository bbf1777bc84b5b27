import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import { BitField, bitfield } from '../src/index.js'
import { bytes, codeOf, hex, isUnsafe } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'bitfield.json')

interface Outcome {
  rle_plus: string
  json: string
  count: number
  error?: string
}

function field(rle: string): BitField {
  return BitField.fromRle(bytes(rle))
}

/** What a vector says of a field, of ours. */
function outcome(value: BitField): Outcome {
  return { rle_plus: hex(value.toRle()), json: JSON.stringify(value.toJSON()), count: value.count }
}

/** Run lengths of recorded JSON text; numbers beyond 2^53 lose digits on the way, which the unsafe check sees. */
function reachesBeyondSafe(json: string): boolean {
  const runs = [...json.matchAll(/\d+/g)].map(([digits]) => BigInt(digits))
  return isUnsafe(`${runs.reduce((sum, run) => sum + run, 0n)}`)
}

describe('recorded bitfields', () => {
  it.each(
    recorded<
      RecordedCase & Outcome & { bits?: (number | string)[]; cbor: string; first: number; last: number }
    >('encode'),
  )('writes $name', (c) => {
    if (reachesBeyondSafe(c.json)) {
      expect(codeOf(() => field(c.rle_plus))).toBe('UNSAFE_INTEGER')
      if (c.bits !== undefined)
        expect(codeOf(() => bitfield.of((c.bits ?? []).map(Number)))).toBe('UNSAFE_INTEGER')
      return
    }
    const value =
      c.bits === undefined ? BitField.fromRuns(JSON.parse(c.json)) : bitfield.of(c.bits.map(Number))
    expect(outcome(value)).toEqual({ rle_plus: c.rle_plus, json: c.json, count: c.count })
    expect(hex(bitfield.encode(value))).toBe(c.cbor)
    expect(bitfield.decode(bytes(c.cbor)).equals(value)).toBe(true)
    if (c.count > 0) expect([value.first, value.last]).toEqual([c.first, c.last])
    if (c.bits !== undefined) expect(value.toNumbers()).toEqual(c.bits.map(Number).sort((a, b) => a - b))
  })

  it.each(
    recorded<
      RecordedCase & {
        a: string
        b: string
        a_json: string
        b_json: string
        union: Outcome
        intersect: Outcome
        subtract: Outcome
        cut: Outcome
      }
    >('ops'),
  )('combines $a_json with $b_json', (c) => {
    const [a, b] = [field(c.a), field(c.b)]
    expect(outcome(a).json).toBe(c.a_json)
    expect(outcome(b).json).toBe(c.b_json)
    expect(outcome(a.union(b))).toEqual(c.union)
    expect(outcome(a.intersect(b))).toEqual(c.intersect)
    expect(outcome(a.subtract(b))).toEqual(c.subtract)
    expect(outcome(a.cut(b))).toEqual(c.cut)
  })

  it.each(recorded<RecordedCase & { a: string; start: number; count: number; result: Outcome }>('slice'))(
    'slices $count from $start of $a',
    (c) => {
      if (c.result.error === undefined) expect(outcome(field(c.a).slice(c.start, c.count))).toEqual(c.result)
      else expect(codeOf(() => field(c.a).slice(c.start, c.count))).toBe('INVALID_VALUE')
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        a: string
        set: number
        unset: number
        result: Outcome
        is_set_x: boolean
        is_set_y: boolean
      }
    >('set_unset'),
  )('sets $set and unsets $unset', (c) => {
    const value = field(c.a).with(c.set).without(c.unset)
    expect(outcome(value)).toEqual(c.result)
    expect([value.has(c.set), value.has(c.unset)]).toEqual([c.is_set_x, c.is_set_y])
  })

  it.each(
    recorded<RecordedCase & { rle_plus: string; max: number; all?: number[]; count?: number }>('all_max'),
  )('lists at most $max members', (c) => {
    const value = field(c.rle_plus)
    if (c.ok) expect(value.toNumbers(c.max)).toHaveLength(value.count)
    else expect(codeOf(() => value.toNumbers(c.max))).toBe('TOO_LARGE')
  })

  it.each(
    recorded<
      RecordedCase & {
        rle_plus: string
        json: string
        count: number
        copy_rle_plus: string
        canonical: boolean
      }
    >('decode'),
  )('reads RLE+ $rle_plus ($name)', (c) => {
    if (!c.ok) {
      expect(codeOf(() => field(c.rle_plus))).toMatch(/^(INVALID_VALUE|UNSAFE_INTEGER)$/)
      return
    }
    if (reachesBeyondSafe(c.json)) {
      expect(codeOf(() => field(c.rle_plus))).toBe('UNSAFE_INTEGER')
      return
    }
    const value = field(c.rle_plus)
    expect(outcome(value)).toEqual({ rle_plus: c.copy_rle_plus, json: c.json, count: c.count })
    expect(hex(value.toRle()) === c.rle_plus).toBe(c.canonical)
  })

  it.each(recorded<RecordedCase & { cbor: string; count_ok?: boolean }>('cbor_decode'))(
    'reads CBOR $cbor',
    (c) => {
      // The reference finds bad runs when it counts them; we refuse them at the door.
      if (c.ok && c.count_ok !== false) expect(bitfield.decode(bytes(c.cbor)).count).toBeGreaterThanOrEqual(0)
      else
        expect(codeOf(() => bitfield.decode(bytes(c.cbor)))).toMatch(
          /^(WRONG_TYPE|TOO_LARGE|MALFORMED|INVALID_VALUE|TRUNCATED)$/,
        )
    },
  )

  it.each(recorded<RecordedCase & { bits: number }>('max_size'))(
    'refuses to write $bits scattered bits',
    (c) => {
      const members: number[] = []
      let at = 0
      for (let i = 0; i < c.bits; i++) {
        at += 1000 + (i % 7) * 37
        members.push(at)
      }
      const attempt = codeOf(() => bitfield.encode(bitfield.of(members)))
      expect(attempt).toBe(c.ok ? undefined : 'TOO_LARGE')
    },
  )

  it.each(recorded<RecordedCase & { json: string; cbor: string; rejson: string }>('json_decode'))(
    'reads JSON $json',
    (c) => {
      const read = () => BitField.fromJson(JSON.parse(c.json))
      if (!c.ok) {
        expect(codeOf(read)).toMatch(/^(INVALID_VALUE|UNSAFE_INTEGER|SyntaxError)$/)
        return
      }
      expect(hex(bitfield.encode(read()))).toBe(c.cbor)
      expect(JSON.stringify(read().toJSON())).toBe(c.rejson)
    },
  )
})
