import { formatDuration } from '@sealane/fil-units'
import type { LimitsRow, ResultOf, sealerOperator } from '@sealane/proto'
import { since, stamp } from './clock-time.js'
import { facts } from './facts.js'
import { tabTable } from './tab-table.js'

type Job = ResultOf<(typeof sealerOperator)['sealing.jobs']>[number]
type Worker = ResultOf<(typeof sealerOperator)['sealing.workers']>[number]
type LimitsLine = ResultOf<(typeof sealerOperator)['sealing.limitsLog']>[number]

/** `sealing jobs`. Source: filecoin-project/lotus cmd/lotus-miner/sealing.go, as recorded. */
export function jobsTable(jobs: readonly Job[], nowMs: number): string {
  return tabTable([
    ['ID', 'Sector', 'Worker', 'Hostname', 'Task', 'State', 'Time'],
    ...jobs.map((job) => [
      job.claimId.slice(-8),
      `${job.sectorNumber}`,
      job.workerId,
      job.hostname,
      taskName(job.task),
      job.progress?.fraction == null ? job.state : `${job.state} ${Math.floor(job.progress.fraction * 100)}%`,
      formatDuration(Math.floor((nowMs - job.startedMs) / 100) * 100),
    ]),
  ])
}

/** `finalize` → `FIN`: lotus' short names. Source: filecoin-project/lotus storage/sealer/sealtasks/task.go. */
function taskName(task: string): string {
  const short: Readonly<Record<string, string>> = { finalize: 'FIN', unseal: 'UNS' }
  return short[task] ?? task.toUpperCase()
}

/** `sealing workers`. */
export function workersText(workers: readonly Worker[], nowMs: number): string {
  if (workers.length === 0) return 'no worker has ever registered: start one with "sealane-sealer worker"\n'
  return workers.map((worker) => workerText(worker, nowMs)).join('')
}

function workerText(worker: Worker, nowMs: number): string {
  const tasks = worker.tasks.map((task) => `${task}×${worker.concurrency[task] ?? 1}`).join(' ')
  const seen = worker.alive ? '' : ` (away for ${since(nowMs, worker.lastSeenMs)})`
  return [
    `Worker ${worker.workerId}, host ${worker.hostname}${seen}`,
    `\tTasks:   ${tasks === '' ? 'none' : tasks}`,
    `\tPaths:   ${worker.paths.length === 0 ? 'none' : worker.paths.join(' ')}`,
    `\tProver:  ${worker.prover}`,
    `\tVersion: ${worker.version}`,
    ...(worker.progress === null
      ? []
      : [
          `\tDoing:   ${worker.progress.stage}${worker.progress.fraction === null ? '' : ` ${Math.floor(worker.progress.fraction * 100)}%`}`,
        ]),
    '',
  ].join('\n')
}

/** The limits and what of them is used. */
export function limitsText(limits: LimitsRow): string {
  return facts([
    ['enable_deal_sector', `${limits.enableDealSector}`],
    ['deal-concurrent', `${limits.inFlightDealSectors} of ${limits.dealConcurrent} in flight`],
    [
      'total_num',
      `${limits.inFlightSectors} in flight, ${limits.totalNum === 0 ? 'no limit' : `at most ${limits.totalNum}`}`,
    ],
  ])
}

/** `sealing limits-log`. */
export function limitsLogTable(log: readonly LimitsLine[]): string {
  return tabTable([
    ['Time', 'Event', 'Sector', 'In flight', 'deal-concurrent'],
    ...log.map((line) => [
      stamp(line.atMs),
      line.event,
      line.sectorNumber === null ? '' : `${line.sectorNumber}`,
      `${line.inFlightDealSectors}`,
      `${line.dealConcurrent}`,
    ]),
  ])
}
