import { failureOf } from '@sealane/host'
import type { Failure } from '@sealane/proto'

/** Node's codes for a disk that is full, broken or out of reach, and the proofs' own for a full one. */
const codes: readonly string[] = [
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EROFS',
  'ESTALE',
  'ENOTCONN',
  'EMFILE',
  'ENFILE',
  'DISK_FULL',
]
const full: readonly string[] = ['ENOSPC', 'EDQUOT', 'DISK_FULL', 'SQLITE_FULL']

/** A disk's trouble, or the database's with its disk. It may pass, here or elsewhere: never a fault of the row at hand. */
export function isDiskTrouble(code: string): boolean {
  return codes.includes(code) || code.startsWith('SQLITE_')
}

export function isDiskFull(code: string): boolean {
  return full.includes(code)
}

/** A failure as a row keeps it; trouble of a disk is tried again. */
export function rowFailure(error: unknown): Failure {
  const failure = failureOf(error)
  return isDiskTrouble(failure.code) ? { ...failure, remedy: 'retry' } : failure
}
