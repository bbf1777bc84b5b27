import type { minerOperator, ResultOf } from '@sealane/proto'
import { type ChainClock, epochSeconds, epochTime, epochTimeStamped, timeOnly } from './clock-time.js'
import { failureText, waitingText } from './state-text.js'
import { tabTable } from './tab-table.js'

type Info = ResultOf<(typeof minerOperator)['proving.info']>
type DeadlineRow = ResultOf<(typeof minerOperator)['proving.deadlines']>[number]
type PartitionRow = ResultOf<(typeof minerOperator)['proving.partitions']>[number]
type FaultRow = ResultOf<(typeof minerOperator)['proving.faults']>[number]

/** `proving info`. Source: lotus v1.36 cmd/lotus-miner/proving.go, as recorded. */
export function provingInfo(info: Info, clock: ChainClock | undefined): string {
  const at = clock && {
    ...clock,
    head: info.currentEpoch as ChainClock['head'],
    headSeconds: epochSeconds(clock, info.currentEpoch),
  }
  const share = info.deadlineSectors === 0 ? 0 : (info.faults * 100) / info.deadlineSectors
  return [
    `Miner: ${info.miner}`,
    `Current Epoch:           ${info.currentEpoch}`,
    `Proving Period Boundary: ${((info.periodStart % provingPeriod) + provingPeriod) % provingPeriod}`,
    `Proving Period Start:    ${epochTimeStamped(at, info.periodStart)}`,
    `Next Period Start:       ${epochTimeStamped(at, info.periodNext)}`,
    '',
    `Faults:      ${info.faults} (${share.toFixed(2)}%)`,
    `Recovering:  ${info.recoveries}`,
    `Deadline Index:       ${info.deadlineIndex}`,
    `Deadline Sectors:     ${info.deadlineSectors}`,
    `Deadline Open:        ${epochTime(at, info.deadlineOpen)}`,
    `Deadline Close:       ${epochTime(at, info.deadlineClose)}`,
    `Deadline Challenge:   ${epochTime(at, info.deadlineChallenge)}`,
    `Deadline FaultCutoff: ${epochTime(at, info.faultCutoff)}`,
    '',
  ].join('\n')
}

/** Epochs from one WindowPoSt of a sector to its next. The same on every network. Source: builtin-actors runtime/src/runtime/policy.rs. */
const provingPeriod = 2880

/** `proving deadlines`; `open` is a local time, or the epoch when no chain node is known. */
export function deadlinesTable(
  miner: string,
  rows: readonly DeadlineRow[],
  clock: ChainClock | undefined,
): string {
  const body = rows.map((row) => [
    `${row.deadline}`,
    clock === undefined ? `${row.open}` : timeOnly(epochSeconds(clock, row.open) * 1000),
    `${row.partitions}`,
    `${row.sectors} (${row.faults})`,
    `${row.provenPartitions}${row.current ? '  (current)' : ''}`,
  ])
  const head = ['deadline', 'open', 'partitions', 'sectors (faults)', 'proven partitions']
  return `Miner: ${miner}\n${tabTable([head, ...body])}`
}

/** `proving faults`. */
export function faultsTable(miner: string, rows: readonly FaultRow[]): string {
  const body = rows.map((row) => [
    `${row.deadline}`,
    `${row.partition}`,
    `${row.sectorNumber}${row.recovering ? ' (recovering)' : ''}`,
  ])
  return `Miner: ${miner}\n${tabTable([['deadline', 'partition', 'sectors'], ...body])}`
}

/** `proving partitions`: the WindowPoSt of each partition, this period's and the next ones'. */
export function partitionsTable(
  rows: readonly PartitionRow[],
  o: { nowMs: number; clock: ChainClock | undefined },
): string {
  return tabTable([
    ['period', 'deadline', 'partition', 'state', 'open', 'close', 'sectors', 'skipped', 'message', 'waiting'],
    ...rows.map((row) => [
      `${row.periodStart}`,
      `${row.deadline}`,
      `${row.partition}`,
      row.state,
      epochTime(o.clock, row.open),
      epochTime(o.clock, row.close),
      `${row.sectors.length}`,
      row.skipped.length === 0 ? '-' : row.skipped.join(','),
      row.messageCid ?? '-',
      [row.failure && failureText(row.failure), row.waiting && waitingText(row.waiting, o.nowMs, o.clock)]
        .filter(Boolean)
        .join('; '),
    ]),
  ])
}
