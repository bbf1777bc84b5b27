import { readdirSync, readFileSync } from 'node:fs'
import { type Json, parseJson } from '@sealane/chain'

/** One recorded HTTP exchange. */
export interface Exchange {
  readonly path?: string
  readonly request?: { readonly id?: Json; readonly method: string; readonly params?: Json }
  readonly requestRaw?: string
  readonly auth?: string
  readonly httpStatus: number
  readonly contentType?: string
  readonly response?: Json
  readonly responseRaw?: string
  readonly responseEndsWithNewline?: boolean
}

/** One recorded WebSocket session. */
export interface Session {
  readonly frames: readonly {
    readonly dir: 'send' | 'recv'
    readonly opcode: 'text' | 'ping'
    readonly data: Json
  }[]
  readonly connectError?: string
}

const directory = new URL('../vectors/rpc/', import.meta.url)

export const recordedNames: readonly string[] = readdirSync(directory)
  .map((file) => file.replace(/\.json$/, ''))
  .sort()

export function recorded<T = Exchange>(name: string): T {
  return parseJson(readFileSync(new URL(`${name}.json`, directory), 'utf8')) as unknown as T
}
