/** What a JSON-RPC body can carry; integers beyond 2^53 arrive as `bigint` and leave as plain JSON numbers. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined }

interface SourceText {
  readonly source?: string
}

/** JSON.parse with source text and JSON.rawJSON are in every engine that runs this; the library types are behind. */
const engine = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: SourceText) => unknown): unknown
  rawJSON(text: string): unknown
}

// A reviver costs five times the parse, and few answers hold a number it would change.
const longNumber = /(?:^|[[:,])\s*-?\d{16,}(?![\d.eE])/

/** 2^1024 has 309 digits; reading millions of them takes minutes, and no node has a reason to send them. */
const longestNumber = 320

/** Reads JSON without losing digits: whole numbers that a double cannot hold become `bigint`. @throws SyntaxError */
export function parseJson(text: string): Json {
  if (!longNumber.test(text)) return JSON.parse(text) as Json
  return engine.parse(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
    if (source.length > longestNumber) throw new SyntaxError(`a number of ${source.length} characters`)
    return /^-?\d+$/.test(source) ? BigInt(source) : value
  }) as Json
}

/** Writes JSON; a `bigint` becomes a number with all its digits. */
export function stringifyJson(value: Json): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? engine.rawJSON(item.toString()) : item,
  )
}
