import { ChainError, type ChainErrorCode } from '../chain-error.js'
import { type Json, stringifyJson } from '../rpc/json.js'

/** A check that could not be made here: not a fault of the node. */
export class Skipped extends Error {
  override readonly name = 'Skipped'
  readonly code = 'SKIPPED'
}

export function holds(truth: boolean, what: string): void {
  if (!truth) throw new Error(`expected: ${what}`)
}

export function same<T>(actual: T, expected: T, what: string): void {
  if (actual !== expected) throw new Error(`${what}: expected ${String(expected)}, got ${String(actual)}`)
}

/** Equal as JSON, the order of fields included. */
export function sameJson(actual: Json, expected: Json, what: string): void {
  const [a, b] = [stringifyJson(actual), stringifyJson(expected)]
  if (a !== b) throw new Error(`${what}: expected ${b}, got ${a.slice(0, 300)}`)
}

export function matches(text: string, pattern: RegExp, what: string): void {
  if (!pattern.test(text))
    throw new Error(`${what}: expected ${String(pattern)}, got "${text.slice(0, 300)}"`)
}

/** The refusal itself; throws when the node answered, or refused in another way. */
export async function refuses(ask: () => Promise<unknown>, code?: ChainErrorCode): Promise<ChainError> {
  try {
    await ask()
  } catch (cause) {
    if (!(cause instanceof ChainError)) throw cause
    if (code !== undefined) same(cause.code, code, `refusal "${cause.text}"`)
    return cause
  }
  throw new Error('answered what it should have refused')
}
