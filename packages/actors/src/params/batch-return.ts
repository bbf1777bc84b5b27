import { CborError } from '../cbor/cbor-error.js'
import type { Decoded } from '../cbor/codec.js'
import { int, uint } from '../cbor/scalars.js'
import { array, tuple } from '../cbor/structures.js'

/** How each item of a batch went: failures by position, everything else succeeded. Source: go-state-types batch. */
export const batchReturn = tuple({
  successCount: uint,
  failCodes: array(tuple({ idx: uint, code: int })),
})
export type BatchReturn = Decoded<typeof batchReturn>

/** Items in the batch. */
export function batchSize(result: BatchReturn): number {
  return result.successCount + result.failCodes.length
}

/** Refuses a batch whose failures do not add up. @throws CborError `INVALID_VALUE` */
export function checkBatch(result: BatchReturn): void {
  const size = batchSize(result)
  let last = -1
  for (const { idx, code } of result.failCodes) {
    if (code === 0) throw new CborError('INVALID_VALUE', 'fail codes contain a success')
    if (idx <= last) throw new CborError('INVALID_VALUE', 'fail codes are not in strictly increasing order')
    if (idx >= size)
      throw new CborError('INVALID_VALUE', `fail code index ${idx} is beyond the batch of ${size}`)
    last = idx
  }
}

/**
 * The exit code of every item in order, 0 for success. @param maxItems refuses a batch that claims more
 * @throws CborError
 */
export function batchCodes(result: BatchReturn, maxItems = 8192): number[] {
  checkBatch(result)
  const size = batchSize(result)
  if (size > maxItems)
    throw new CborError('TOO_LARGE', `batch of ${size} items is above the cap of ${maxItems}`)
  const codes = new Array<number>(size).fill(0)
  for (const { idx, code } of result.failCodes) codes[idx] = code
  return codes
}
