import { CborError } from './cbor-error.js'
import { type CborReader, major } from './cbor-reader.js'
import { type Codec, codec, type Decoded } from './codec.js'
import { MAX_LENGTH, text } from './scalars.js'

/** Named codecs in wire order. */
export type Shape = Record<string, Codec<unknown>>
/** The object a shape describes. */
export type ShapeValue<S extends Shape> = { [K in keyof S]: Decoded<S[K]> }

/** A struct as a CBOR array with one place per field, in the order of `shape`: cbor-gen's tuple encoding. */
export function tuple<S extends Shape>(shape: S): Codec<ShapeValue<S>> {
  const fields = Object.entries(shape)
  return codec<ShapeValue<S>>({
    write(writer, value) {
      writer.header(major.array, fields.length)
      for (const [name, field] of fields) field.write(writer, value[name])
    },
    read(reader) {
      const length = reader.length(major.array, MAX_LENGTH, 'tuple')
      if (length !== fields.length) {
        throw new CborError('WRONG_TYPE', `expected an array of ${fields.length}, found ${length}`)
      }
      return assemble<S>(fields.map(([name, field]) => [name, field.read(reader)]))
    },
    zero: () => assemble<S>(fields.map(([name, field]) => [name, field.zero()])),
  })
}

/** A list of one kind of item, at most `maxItems` long (default 8192, cbor-gen's cap). */
export function array<T>(item: Codec<T>, maxItems: number = MAX_LENGTH): Codec<T[]> {
  return codec<T[]>({
    write(writer, value) {
      if (value.length > maxItems) {
        throw new CborError('TOO_LARGE', `list of ${value.length} items is above the cap of ${maxItems}`)
      }
      writer.header(major.array, value.length)
      for (const element of value) item.write(writer, element)
    },
    read(reader) {
      const length = reader.length(major.array, maxItems, 'list')
      // Each item takes at least a byte: a lying length ends at the input's end, not in memory.
      const items: T[] = []
      for (let i = 0; i < length; i++) items.push(item.read(reader))
      return items
    },
    zero: () => [],
  })
}

/** null, or the inner value: a Go pointer. */
export function nullable<T>(inner: Codec<T>): Codec<T | null> {
  return codec<T | null>({
    write(writer, value) {
      if (value === null) writer.header(major.simple, 22)
      else inner.write(writer, value)
    },
    read(reader) {
      if (reader.peek() === 0xf6) {
        reader.skip(1)
        return null
      }
      return inner.read(reader)
    },
    zero: () => null,
  })
}

/** One key of a cbor-gen map: its name on the wire and the codec of its value. */
export interface MapField<T> {
  key: string
  value: Codec<T>
}

/** Names of our fields, each with its key on the wire. */
export type MapShape = Record<string, MapField<unknown>>
/** The object a map shape describes. */
export type MapValue<S extends MapShape> = { [K in keyof S]: S[K] extends MapField<infer T> ? T : never }

/** A field of {@link map}: `field('DealUUID', uuid)`. */
export function field<T>(key: string, value: Codec<T>): MapField<T> {
  return { key, value }
}

/**
 * A struct as a CBOR map with text keys: cbor-gen's map encoding. Written with keys sorted by length, then bytes.
 * Read in any order: unknown keys are skipped, a repeated key counts last, a missing one leaves the zero value.
 */
export function map<S extends MapShape>(shape: S): Codec<MapValue<S>> {
  const fields = Object.entries(shape).map(([name, { key, value }]) => ({ name, key, value }))
  const sorted = fields.toSorted((a, b) => a.key.length - b.key.length || (a.key < b.key ? -1 : 1))
  const byKey = new Map(fields.map((entry) => [entry.key, entry]))
  const zero = () => assembleMap<S>(fields.map(({ name, value }) => [name, value.zero()]))
  return codec<MapValue<S>>({
    write(writer, value) {
      writer.header(major.map, sorted.length)
      for (const entry of sorted) {
        text.write(writer, entry.key)
        entry.value.write(writer, value[entry.name])
      }
    },
    read(reader) {
      const length = reader.length(major.map, MAX_LENGTH, 'map')
      const found = new Map<string, unknown>(Object.entries(zero()))
      for (let i = 0; i < length; i++) {
        const entry = byKey.get(text.read(reader))
        if (entry === undefined) skipItem(reader)
        else found.set(entry.name, entry.value.read(reader))
      }
      return assembleMap<S>([...found])
    },
    zero,
  })
}

/** Steps over one item of any kind; memory does not grow with its nesting. */
export function skipItem(reader: CborReader): void {
  for (let pending = 1; pending > 0; pending--) {
    const { major: type, argument } = reader.header()
    if (type === major.tag) {
      pending += 1
    } else if (type === major.bytes || type === major.text) {
      reader.skip(bounded(argument, reader))
    } else if (type === major.array) {
      pending += bounded(argument, reader)
    } else if (type === major.map) {
      pending += 2 * bounded(argument, reader)
    }
  }
}

function bounded(argument: number | bigint, reader: CborReader): number {
  if (typeof argument === 'bigint' || argument > reader.input.length) {
    throw new CborError('TRUNCATED', `length ${argument} is longer than the input`)
  }
  return argument
}

// The two casts below state what the loops above guarantee: one entry per name of the shape, in its own type.
function assemble<S extends Shape>(entries: [string, unknown][]): ShapeValue<S> {
  return Object.fromEntries(entries) as ShapeValue<S>
}

function assembleMap<S extends MapShape>(entries: [string, unknown][]): MapValue<S> {
  return Object.fromEntries(entries) as MapValue<S>
}
