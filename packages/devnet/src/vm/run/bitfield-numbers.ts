import type { BitField } from '@sealane/actors'
import { abort } from './actor-abort.js'
import { exitCode } from './exit-code.js'

/** The members of a bitfield; aborts (16) when it names more than `max`. */
export function bitFieldNumbers(field: BitField, max: number): number[] {
  if (field.count <= max) return field.toNumbers(max)
  return abort(exitCode.illegalArgument, `bitfield names ${field.count} members, at most ${max} are allowed`)
}
