import type { Json } from '@sealane/chain'

/** Places (ends of paths) where a difference is agreed on. */
export interface Allowances {
  /** We answer null where a real node had a value. */
  readonly mayBeNull: readonly string[]
  /** We have a value where a real node answered null. */
  readonly mayBeValue: readonly string[]
  /** Only one of the two has the field. */
  readonly mayBeAbsent: readonly string[]
  /** Text of any kind. */
  readonly free: readonly string[]
}

const strict: Allowances = { mayBeNull: [], mayBeValue: [], mayBeAbsent: [], free: [] }

/**
 * How the shape of our answer differs from a recorded one: kinds of values, null or not, names of fields and their
 * order, kinds of texts. Values are not compared.
 */
export function differences(recorded: Json, ours: Json, allow: Allowances = strict, at = '$'): string[] {
  const agreed = (places: readonly string[], path: string) => places.some((place) => path.endsWith(place))
  if (recorded === null) {
    return ours === null || agreed(allow.mayBeValue, at) ? [] : [`${at}: ${kind(ours)}, not null`]
  }
  if (ours === null) return agreed(allow.mayBeNull, at) ? [] : [`${at}: null, not ${kind(recorded)}`]
  if (Array.isArray(recorded) || Array.isArray(ours)) {
    if (!Array.isArray(recorded) || !Array.isArray(ours))
      return [`${at}: ${kind(ours)}, not ${kind(recorded)}`]
    // One of ours is right when it is like any of theirs: lists of checks and traces hold several shapes.
    const samples = recorded as readonly Json[]
    return (ours as readonly Json[]).flatMap((item, index) => {
      const found = samples.map((sample) => differences(sample, item, allow, `${at}[${index}]`))
      return found.some((one) => one.length === 0) ? [] : (found[0] ?? [])
    })
  }
  if (typeof recorded === 'object' && typeof ours === 'object') {
    const [a, b] = [recorded as Fields, ours as Fields]
    if (isTable(a)) {
      const [sample] = Object.values(a)
      return Object.entries(b).flatMap(([key, value]) =>
        differences(sample ?? null, value ?? null, allow, `${at}.${key}`),
      )
    }
    const missing = Object.keys(a).filter((key) => !(key in b))
    const added = Object.keys(b).filter((key) => !(key in a))
    const told = (keys: readonly string[], what: string) =>
      keys.filter((key) => !agreed(allow.mayBeAbsent, `${at}.${key}`)).map((key) => `${at}.${key}: ${what}`)
    const [theirOrder, ourOrder] = [
      Object.keys(a).filter((key) => key in b),
      Object.keys(b).filter((key) => key in a),
    ]
    return [
      ...told(missing, 'missing'),
      ...told(added, 'not in the recording'),
      ...(theirOrder.join() === ourOrder.join() ? [] : [`${at}: fields in the order ${ourOrder.join()}`]),
      ...theirOrder.flatMap((key) => differences(a[key] ?? null, b[key] ?? null, allow, `${at}.${key}`)),
    ]
  }
  if (agreed(allow.free, at)) return []
  return kind(recorded) === kind(ours) ? [] : [`${at}: ${kind(ours)}, not ${kind(recorded)}`]
}

type Fields = { readonly [key: string]: Json | undefined }

/** Objects whose keys are data: deal ids, addresses. */
function isTable(fields: Fields): boolean {
  const keys = Object.keys(fields)
  return keys.length > 0 && keys.every((key) => /^\d+$/.test(key) || /^t\d/.test(key))
}

function kind(json: Json): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'array'
  if (typeof json === 'string') return kindOfText(json)
  return typeof json === 'bigint' ? 'number' : typeof json
}

function kindOfText(text: string): string {
  if (/^-?\d+$/.test(text)) return 'decimal'
  if (/^(t0\d+|t[1-4][a-z2-7]{38,}|<empty>)$/.test(text)) return 'address'
  if (/^(bafy|bafk|baga|bagb)/.test(text)) return 'cid'
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return 'uuid'
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)) return 'time'
  if (/^12D3KooW/.test(text)) return 'peer id'
  return text.length >= 24 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? 'base64' : 'text'
}

/** An error's text with what differs between two chains, and between two readers of CBOR, taken out. */
export function generic(text: string): string {
  return text
    .replace(/(Serialization error for Cbor protocol: ).*( \(\d+\))/, '$1REASON$2')
    .replace(/\b(bafy|bafk)[a-z2-7]+/g, 'CID')
    .replace(/\b[ft][0-4][a-z0-9]*/g, 'ADDRESS')
    .replace(/\d[\d.,]*/g, 'N')
}
