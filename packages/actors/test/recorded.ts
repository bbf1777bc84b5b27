import { base16 } from '../src/index.js'

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
