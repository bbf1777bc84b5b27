import type { BitField } from '@sealane/actors'
import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { bitFieldNumbers } from '../run/bitfield-numbers.js'
import { exitCode } from '../run/exit-code.js'
import { union } from '../state/sector-set.js'
import { type DeadlineInfo, nextWindow } from './deadline-info.js'

interface Declaration {
  deadline: number
  partition: number
  sectors: BitField
}

/** Declared sectors by deadline, then partition, both ascending. */
export type Declared = Map<number, Map<number, number[]>>

/** Sorts declarations by where they belong, and refuses those beyond the chain's limits. */
export function gatherDeclarations(declarations: readonly Declaration[]): Declared {
  const byDeadline = new Map<number, Map<number, number[]>>()
  for (const { deadline, partition, sectors } of declarations) {
    if (deadline >= policy.periodDeadlines) {
      const where = `deadline ${deadline}, partition ${partition}`
      abort(exitCode.illegalArgument, `failed to process ${where}: invalid deadline ${deadline}`)
    }
    const partitions = byDeadline.get(deadline) ?? new Map<number, number[]>()
    const numbers = bitFieldNumbers(sectors, policy.addressedSectorsMax)
    partitions.set(partition, union(partitions.get(partition) ?? [], numbers))
    byDeadline.set(deadline, partitions)
  }
  const all = [...byDeadline.values()].flatMap((partitions) => [...partitions.values()])
  const sectorCount = all.reduce((sum, sectors) => sum + sectors.length, 0)
  if (all.length > policy.addressedPartitionsMax)
    tooMany('partitions', all.length, policy.addressedPartitionsMax)
  if (sectorCount > policy.addressedSectorsMax) tooMany('sectors', sectorCount, policy.addressedSectorsMax)
  return ascending(new Map([...byDeadline].map(([index, partitions]) => [index, ascending(partitions)])))
}

/** The window that a declaration made now is for; refused from 70 epochs before it opens. */
export function declarationWindow(
  seed: number,
  index: number,
  epoch: number,
  what: 'fault' | 'recovery',
): DeadlineInfo {
  const window = nextWindow(seed, index, epoch)
  if (epoch < window.faultCutoff) return window
  const text = `failed ${what} declaration at deadline ${index}: late fault or recovery declaration`
  return abort(exitCode.illegalArgument, text)
}

function ascending<T>(map: Map<number, T>): Map<number, T> {
  return new Map([...map].sort(([a], [b]) => a - b))
}

function tooMany(what: string, count: number, limit: number): never {
  return abort(
    exitCode.illegalArgument,
    `cannot process requested parameters: too many ${what} ${count}, max ${limit}`,
  )
}
