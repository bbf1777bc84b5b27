import { randomBytes } from 'node:crypto'

/** A name that sorts by birth: 12 hex digits of unix ms, then 16 of chance. Text order is time order. */
export function newIncarnation(now: number): string {
  return `${now.toString(16).padStart(12, '0')}${randomBytes(8).toString('hex')}`
}
