import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { base16 } from '../src/index.js'

/** One recorded case: a kind and whatever that kind carries. */
export interface Recorded {
  kind: string
  name?: string
  ok?: boolean
  error?: string | null
}

const ownFolder = join(import.meta.dirname, 'vectors')

/** The cases of one kind of a vector file: this package's copy, or the folder that SEALANE_VECTORS names. */
export function recorded<Case extends Recorded>(file: string, kind: string): Case[] {
  const found = allRecorded(file).filter((entry) => entry.kind === kind)
  return found as Case[]
}

/** All cases of a vector file. */
export function allRecorded(file: string): Recorded[] {
  const folder = process.env.SEALANE_VECTORS ?? ownFolder
  const { cases } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { cases: Recorded[] }
  return cases
}

/** The kinds a file holds: a test compares them with the kinds it runs, so that none is passed over in silence. */
export function kindsOf(file: string): string[] {
  return [...new Set(allRecorded(file).map((entry) => entry.kind))].sort()
}

/** A recording of a real Lotus network. */
export function lotusRecording<T>(file: string): T {
  return JSON.parse(readFileSync(join(ownFolder, 'lotus', file), 'utf8')) as T
}

/** The names of the recorded messages. */
export function lotusMessageFiles(): string[] {
  return readdirSync(join(ownFolder, 'lotus/messages')).sort()
}

export function bytes(hex: string): Uint8Array {
  return base16.decode(hex)
}

export function hex(value: Uint8Array): string {
  return base16.encode(value)
}

/** The error that `work` throws, or undefined. */
export function failureOf(work: () => unknown): Error | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error as Error
  }
}

/** The `code` of the error that `work` throws, or undefined. */
export function codeOf(work: () => unknown): string | undefined {
  const failure = failureOf(work) as (Error & { code?: string }) | undefined
  return failure === undefined ? undefined : (failure.code ?? failure.name)
}

/** A number of a vector: JSON number, or decimal string beyond 2^53 − 1. */
export function isUnsafe(value: number | string): boolean {
  const magnitude = BigInt(value) < 0n ? -BigInt(value) : BigInt(value)
  return magnitude > BigInt(Number.MAX_SAFE_INTEGER)
}
