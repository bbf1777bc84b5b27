import type { Partition } from '@sealane/chain'
import type { minerOperator, ResultOf } from '@sealane/proto'
import { type ChainClock, epochSeconds, timeOnly } from './clock-time.js'
import { tabTable } from './tab-table.js'

export interface DeadlineView {
  readonly index: number
  /** First epoch of its current or next window. */
  readonly open: number
  readonly current: boolean
  /** Partitions proven in that window. */
  readonly proven: number
  readonly partitions: readonly Partition[]
}

/** `proving deadline`. Source: filecoin-project/lotus cmd/lotus-miner/proving.go, as recorded. */
export function deadlineText(
  view: DeadlineView,
  o: { clock: ChainClock | undefined; sectorNumbers: boolean },
): string {
  const open = o.clock === undefined ? `${view.open}` : timeOnly(epochSeconds(o.clock, view.open) * 1000)
  const head = [
    `Deadline Index:           ${view.index}`,
    `Deadline Open:            ${open}`,
    `Partitions:               ${view.partitions.length}`,
    `Proven Partitions:        ${view.proven}`,
    `Current:                  ${view.current}`,
  ]
  const body = view.partitions.flatMap((partition, index) => [
    '',
    `Partition Index:          ${index}`,
    `\tAll Sectors:               ${partition.allSectors.count}`,
    `\tLive Sectors:              ${partition.liveSectors.count}`,
    `\tActive Sectors:            ${partition.activeSectors.count}`,
    `\tFaulty Sectors:            ${partition.faultySectors.count}`,
    `\tRecovering Sectors:        ${partition.recoveringSectors.count}`,
    ...(o.sectorNumbers
      ? [
          `\tSector Numbers:            [${partition.allSectors.toNumbers().join(' ')}]`,
          `\tFaulty Sector Numbers:     [${partition.faultySectors.toNumbers().join(' ')}]`,
        ]
      : []),
  ])
  return [...head, ...body, ''].join('\n')
}

type Checked = ResultOf<(typeof minerOperator)['proving.check']>[number]

/** `proving check`. Source: filecoin-project/lotus cmd/lotus-miner/proving.go, as recorded. */
export function provingCheckTable(rows: readonly Checked[]): string {
  return tabTable([
    ['deadline', 'partition', 'sector', 'status'],
    ...rows.map((row) => [`${row.deadline}`, `${row.partition}`, `${row.sectorNumber}`, statusOf(row)]),
  ])
}

function statusOf({ faulty, problem }: Checked): string {
  const mark = faulty ? ' (faulty on chain)' : ''
  return problem === null ? `good${mark}` : `bad (${problem})${mark}`
}
