import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Codec } from '../src/index.js'
import * as actors from '../src/index.js'
import { codeOf, failureOf } from './recorded.js'

const decoders: [string, Codec<unknown>][] = [
  ['message', actors.message],
  ['signed message', actors.signedMessage],
  ['proposal', actors.clientDealProposal],
  ['publish', actors.publishStorageDealsParams],
  ['pre-commit', actors.preCommitSectorBatchParams2],
  ['prove-commit', actors.proveCommitSectors3Params],
  ['PoSt', actors.submitWindowedPostParams],
  ['sector', actors.sectorOnChainInfo],
  ['bitfield', actors.bitfield],
  [
    'map',
    actors.map({ a: actors.field('Alpha', actors.uint), b: actors.field('B', actors.array(actors.text)) }),
  ],
]

/** Bytes with a bias towards CBOR structure: headers of every kind between random bytes. */
const cborLike = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc
        .constantFrom(0x82, 0x8a, 0x8b, 0x81, 0x9f, 0xbf, 0xff, 0xf6, 0xf5, 0xd8)
        .map((b) => Uint8Array.of(b)),
      fc.nat({ max: 0xffff_ffff }).map((n) => Uint8Array.of(0x9a, n >>> 24, n >>> 16, n >>> 8, n)),
      fc.nat({ max: 0xffff_ffff }).map((n) => Uint8Array.of(0x5a, n >>> 24, n >>> 16, n >>> 8, n)),
    ),
    { maxLength: 24 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((part) => [...part])))

describe('decoders facing strangers', () => {
  it.each(decoders)('%s: any bytes decode or are refused with a typed error', (_name, codec) => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), cborLike), (input) => {
        const failure = failureOf(() => codec.decode(input))
        if (failure !== undefined) expect(failure.name).toBe('CborError')
        else expect(codec.decode(codec.encode(codec.decode(input)))).toEqual(codec.decode(input))
      }),
      { numRuns: 300 },
    )
  })

  it('a length that lies is refused at once, not awaited or allocated', () => {
    const lies = [
      Uint8Array.of(0x9b, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0x5b, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      Uint8Array.of(0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
    ]
    for (const lie of lies) expect(codeOf(() => actors.itemLength(lie))).toBe('TOO_LARGE')
    expect(codeOf(() => actors.array(actors.uint).decode(Uint8Array.of(0x99, 0x20, 0x00)))).toBe('TRUNCATED')
    expect(codeOf(() => actors.array(actors.uint).decode(Uint8Array.of(0x99, 0x20, 0x01)))).toBe('TOO_LARGE')
  })

  it('nesting of any depth needs no stack', () => {
    const deep = new Uint8Array(1_000_001).fill(0x81)
    deep[1_000_000] = 0
    expect(actors.itemLength(deep)).toBe(deep.length)
    const unknownKey = Uint8Array.of(0xa1, 0x61, 0x78, ...new Uint8Array(50_000).fill(0x81), 0)
    expect(actors.map({ a: actors.field('A', actors.uint) }).decode(unknownKey)).toEqual({ a: 0 })
  })

  it('the scanner finds the end of an item however its bytes arrive', () => {
    fc.assert(
      fc.property(cborLike, fc.integer({ min: 1, max: 7 }), (input, step) => {
        let whole: number | string | undefined
        try {
          whole = actors.itemLength(input, { maxBytes: 4096 })
        } catch (error) {
          whole = (error as actors.CborError).code
        }
        const scanner = new actors.ItemScanner({ maxBytes: 4096 })
        let dribbled: number | string | undefined
        for (let end = 0; end <= input.length + step && dribbled === undefined; end += step) {
          try {
            dribbled = scanner.scan(input.subarray(0, end))
          } catch (error) {
            dribbled = (error as actors.CborError).code
          }
        }
        expect(dribbled).toBe(whole)
      }),
    )
  })

  it('agrees with the skipper on where an item ends', () => {
    fc.assert(
      fc.property(cborLike, (input) => {
        const reader = new actors.CborReader(input)
        const skipped = failureOf(() => actors.skipItem(reader))
        const length =
          codeOf(() => actors.itemLength(input)) === undefined ? actors.itemLength(input) : undefined
        if (skipped === undefined) expect(length).toBe(reader.offset)
      }),
    )
  })

  it('addresses, CIDs and base encodings refuse nonsense with typed errors', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 130 }), fc.uint8Array({ maxLength: 80 }), (text, bytes) => {
        const named = [
          failureOf(() => actors.parseAddress(text))?.name,
          failureOf(() => actors.parseAddress(`f1${text}`))?.name,
          failureOf(() => actors.parseAddress(`f410f${text}`))?.name,
          failureOf(() => actors.addressFromBytes(bytes))?.name,
        ]
        for (const name of named) expect(['AddressError', undefined]).toContain(name)
        for (const of of [
          () => actors.parseCid(text),
          () => actors.parseCid(`b${text}`),
          () => actors.cidFromBytes(bytes),
        ]) {
          expect(['CidError', undefined]).toContain(failureOf(of)?.name)
        }
        for (const base of [actors.base16, actors.base32, actors.base64, actors.base64url]) {
          expect(base.decode(base.encode(bytes))).toEqual(bytes)
        }
      }),
    )
  })

  it('a few bytes naming 2^50 sectors stay a few bytes', () => {
    const huge = actors.BitField.fromRuns([0, 2 ** 50])
    expect(huge.count).toBe(2 ** 50)
    expect(huge.has(2 ** 49)).toBe(true)
    expect(huge.intersect(actors.bitfield.of([7, 2 ** 51])).toNumbers()).toEqual([7])
    expect(codeOf(() => huge.toNumbers())).toBe('TOO_LARGE')
    expect(actors.bitfield.encode(huge).length).toBeLessThan(12)
  })
})

describe('bitfields', () => {
  const members = fc.array(fc.nat({ max: 500 }), { maxLength: 60 })

  it('hold what they were given', () => {
    fc.assert(
      fc.property(members, (numbers) => {
        const expected = [...new Set(numbers)].sort((a, b) => a - b)
        const value = actors.bitfield.of(numbers)
        expect(value.toNumbers()).toEqual(expected)
        expect(actors.bitfield.decode(actors.bitfield.encode(value)).toNumbers()).toEqual(expected)
        expect(actors.BitField.fromJson(JSON.parse(JSON.stringify(value))).equals(value)).toBe(true)
      }),
    )
  })

  it('combine like sets', () => {
    fc.assert(
      fc.property(members, members, (left, right) => {
        const [x, y] = [actors.bitfield.of(left), actors.bitfield.of(right)]
        const sorted = (numbers: number[]) => [...new Set(numbers)].sort((m, n) => m - n)
        expect(x.union(y).toNumbers()).toEqual(sorted([...left, ...right]))
        expect(x.intersect(y).toNumbers()).toEqual(sorted(left.filter((n) => right.includes(n))))
        expect(x.subtract(y).toNumbers()).toEqual(sorted(left.filter((n) => !right.includes(n))))
      }),
    )
  })
})

describe('maps', () => {
  const codec = actors.map({
    name: actors.field('Name', actors.text),
    id: actors.field('ID', actors.uint),
    tags: actors.field('Tags', actors.array(actors.uint)),
  })

  it('are written with keys sorted by length, then bytes', () => {
    const written = codec.encode({ name: 'n', id: 1, tags: [] })
    expect(actors.base16.encode(written)).toBe(`a3${'6249440'}1${'644e616d65616e'}${'645461677380'}`)
  })

  it('are read in any order, with unknown, missing and repeated keys', () => {
    const any = actors.base16.decode(`a4${'6454616773810a'}${'63466f6f8201820203'}${'62494405'}${'62494406'}`)
    expect(codec.decode(any)).toEqual({ name: '', id: 6, tags: [10] })
    expect(codec.decode(Uint8Array.of(0xa0))).toEqual({ name: '', id: 0, tags: [] })
  })

  it('give each reading lists of its own', () => {
    const [first, second] = [codec.decode(Uint8Array.of(0xa0)), codec.decode(Uint8Array.of(0xa0))]
    first.tags.push(1)
    expect(second.tags).toEqual([])
  })
})
