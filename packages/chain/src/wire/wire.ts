import {
  type Address,
  BitField,
  type Cid,
  formatAddress,
  isDefined,
  parseAddress,
  parseCid,
  undefinedAddress,
} from '@sealane/actors'
import { type AttoFil, attoFil, type ChainEpoch, epoch } from '@sealane/fil-units'
import { type Json, stringifyJson } from '../rpc/json.js'
import { WireError } from './wire-error.js'

/** The two spellings of an address: `f…` on mainnet, `t…` on every other network. */
export type AddressPrefix = 'f' | 't'

/** One shape of lotus' JSON, both ways: what a client reads is what our own server writes. */
export interface Wire<T> {
  /** @throws WireError naming the place that does not fit */
  read(json: Json, at: string): T
  write(value: T, prefix: AddressPrefix): Json
}

/** The type that a wire reads. */
export type Read<W> = W extends Wire<infer T> ? T : never

type Fields = Readonly<Record<string, readonly [name: string, wire: Wire<unknown>]>>
type RecordOf<F extends Fields> = {
  -readonly [K in keyof F as undefined extends Read<F[K][1]> ? never : K]: Read<F[K][1]>
} & { -readonly [K in keyof F as undefined extends Read<F[K][1]> ? K : never]?: Read<F[K][1]> }

/** An object; each field has our name, lotus' name, and a shape. Unknown names are ignored, missing ones are null. */
export function record<F extends Fields>(fields: F): Wire<{ [K in keyof RecordOf<F>]: RecordOf<F>[K] }> {
  const entries = Object.entries(fields)
  return {
    read(json, at) {
      if (json === null || typeof json !== 'object' || Array.isArray(json)) throw wrong(at, 'an object', json)
      const source = json as Readonly<Record<string, Json | undefined>>
      const value: Record<string, unknown> = {}
      for (const [key, [name, wire]] of entries) {
        const read: unknown = wire.read(source[name] ?? null, `${at}.${name}`)
        if (read !== undefined) value[key] = read
      }
      return value as never
    },
    write(value, prefix) {
      const json: Record<string, Json> = {}
      for (const [key, [name, wire]] of entries) {
        json[name] = wire.write((value as Record<string, unknown>)[key], prefix)
      }
      return json
    },
  }
}

/** An array. Go prints an empty one as `[]` or as `null`; which, is part of the shape. */
export function list<T>(item: Wire<T>, empty: 'array' | 'null' = 'array'): Wire<T[]> {
  return {
    read(json, at) {
      if (json === null) return []
      if (!Array.isArray(json)) throw wrong(at, 'an array', json)
      return (json as readonly Json[]).map((entry, index) => item.read(entry, `${at}[${index}]`))
    },
    write: (value, prefix) =>
      value.length === 0 && empty === 'null' ? null : value.map((entry) => item.write(entry, prefix)),
  }
}

/** `null` on the wire is `undefined` here. */
export function optional<T>(inner: Wire<T>): Wire<T | undefined> {
  return {
    read: (json, at) => (json === null ? undefined : inner.read(json, at)),
    write: (value, prefix) => (value === undefined ? null : inner.write(value, prefix)),
  }
}

/** Another type in our hands than on the wire. */
export function converted<A, B>(inner: Wire<A>, to: (a: A) => B, from: (b: B) => A): Wire<B> {
  return {
    read(json, at) {
      const value = inner.read(json, at)
      try {
        return to(value)
      } catch (cause) {
        throw new WireError(at, cause instanceof Error ? cause.message : String(cause), { cause })
      }
    },
    write: (value, prefix) => inner.write(from(value), prefix),
  }
}

function wrong(at: string, expected: string, json: Json): WireError {
  return new WireError(at, `expected ${expected}, got ${stringifyJson(json).slice(0, 60)}`)
}

export const text: Wire<string> = {
  read(json, at) {
    if (typeof json !== 'string') throw wrong(at, 'a string', json)
    return json
  },
  write: (value) => value,
}

export const flag: Wire<boolean> = {
  read(json, at) {
    if (typeof json !== 'boolean') throw wrong(at, 'true or false', json)
    return json
  },
  write: (value) => value,
}

/** A whole number that fits a double: nonces, methods, deal ids, sector numbers, gas. */
export const whole: Wire<number> = {
  read(json, at) {
    if (typeof json !== 'number' || !Number.isSafeInteger(json)) throw wrong(at, 'a whole number', json)
    return json
  },
  write: (value) => value,
}

/** A whole number of any size that is a JSON number, such as a sector size. */
export const wholeBig: Wire<bigint> = {
  read(json, at) {
    if (typeof json === 'bigint') return json
    return BigInt(whole.read(json, at))
  },
  write: (value) =>
    value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value,
}

/** Lotus writes big ints as decimal strings; a null one is zero. */
export const decimal: Wire<bigint> = {
  read(json, at) {
    if (json === null) return 0n
    // 2^1024 has 309 digits, and no balance, power or weight comes near it.
    if (typeof json !== 'string' || !/^-?\d{1,320}$/.test(json)) throw wrong(at, 'a decimal string', json)
    return BigInt(json)
  },
  write: (value) => value.toString(),
}

export const money: Wire<AttoFil> = converted(decimal, attoFil, (value) => value)

export const height: Wire<ChainEpoch> = converted(whole, epoch, (value) => value)

/** Base64, where Go writes an empty slice as null. */
export const base64: Wire<Uint8Array> = {
  read(json, at) {
    if (json === null) return new Uint8Array()
    if (typeof json !== 'string') throw wrong(at, 'base64', json)
    return new Uint8Array(Buffer.from(json, 'base64'))
  },
  write: (value) => (value.length === 0 ? null : Buffer.from(value).toString('base64')),
}

export const cid: Wire<Cid> = {
  read(json, at) {
    const link = (json as { '/'?: Json } | null)?.['/']
    if (typeof link !== 'string') throw wrong(at, 'a CID', json)
    try {
      return parseCid(link)
    } catch (cause) {
      throw new WireError(at, `not a CID: ${link.slice(0, 80)}`, { cause })
    }
  },
  write: (value) => ({ '/': value }),
}

/** An address; `<empty>` is the undefined one. */
export const address: Wire<Address> = {
  read(json, at) {
    const shown = text.read(json, at)
    try {
      return parseAddress(shown)
    } catch (cause) {
      throw new WireError(at, `not an address: ${shown.slice(0, 80)}`, { cause })
    }
  },
  write: (value, prefix) => (isDefined(value) ? formatAddress(value, prefix) : undefinedAddress),
}

/** An address that Go leaves undefined (`<empty>`) when there is none. */
export const addressIfAny: Wire<Address | undefined> = {
  read(json, at) {
    const value = address.read(json, at)
    return isDefined(value) ? value : undefined
  },
  write: (value, prefix) => (value === undefined ? undefinedAddress : address.write(value, prefix)),
}

/** Lotus' JSON of a bit field: run lengths, the first of zeros. */
export const bits: Wire<BitField> = {
  read(json, at) {
    const runs = list(whole).read(json, at)
    try {
      return BitField.fromJson(runs)
    } catch (cause) {
      throw new WireError(at, cause instanceof Error ? cause.message : String(cause), { cause })
    }
  },
  write: (value) => value.toJSON() as Json,
}

/** A tipset key: empty means the node's head. */
export const tipSetKey: Wire<Cid[]> = list(cid)
