import type { Command } from 'commander'
import { jsonText } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { flag, optionalNatural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { jobsTable, limitsLogTable, limitsText, workersText } from '../show/sealing-tables.js'
import { everySector } from './every-sector.js'

export function sealingCommand(session: Session): Command {
  return group('sealing', 'Sealing work and its limits.', [
    jobs(session),
    workers(session),
    setLimits(session),
    limitsLog(session),
    schedDiag(session),
  ])
}

function jobs(session: Session): Command {
  return answers<{ worker?: string }>(
    session,
    {
      usage: 'jobs',
      watch: true,
      about: 'List what workers are doing now.',
      examples: ['sealing jobs', 'sealing jobs --watch'],
    },
    async ({ worker }) => {
      const rows = (await (await session.sealer())['sealing.jobs']({})).filter(
        (row) => worker === undefined || row.workerId === worker,
      )
      return { json: rows, text: jobsTable(rows, session.terminal.now()) }
    },
    (command) => command.option('--worker <WORKER>', 'of this worker only'),
  )
}

function workers(session: Session): Command {
  return answers(
    session,
    {
      usage: 'workers',
      about: 'List workers: their tasks, storage paths and whether they are there.',
      examples: ['sealing workers'],
    },
    async () => {
      const rows = await (await session.sealer())['sealing.workers']({})
      return { json: rows, text: workersText(rows, session.terminal.now()) }
    },
  )
}

interface Limits {
  enable_deal_sector?: string | boolean
  enableDealSector?: string | boolean
  dealConcurrent?: string
  total_num?: string
  totalNum?: string
}

function setLimits(session: Session): Command {
  return answers<Limits>(
    session,
    {
      usage: 'set-limits',
      about: 'Change how many sectors may be in flight, while running. Without flags: print the limits.',
      examples: [
        'sealing set-limits --enable_deal_sector --deal-concurrent 1',
        'sealing set-limits --enable_deal_sector false',
        'sealing set-limits --total_num 8',
      ],
      notes:
        'A deal sector is in flight from its first piece until its ProveCommit proof exists. total_num counts sectors of any kind; 0 is no limit.',
    },
    async (o) => {
      const sealer = await session.sealer()
      const enable = o.enable_deal_sector ?? o.enableDealSector
      const totalNum = optionalNatural('--total_num', o.total_num ?? o.totalNum)
      const dealConcurrent = optionalNatural('--deal-concurrent', o.dealConcurrent)
      if (dealConcurrent === 0)
        throw usage('--deal-concurrent 0 takes no deals: say --enable_deal_sector false')
      const changes = {
        ...(enable === undefined ? {} : { enableDealSector: flag('--enable_deal_sector', enable) }),
        ...(dealConcurrent === undefined ? {} : { dealConcurrent }),
        ...(totalNum === undefined ? {} : { totalNum }),
      }
      const none = Object.keys(changes).length === 0
      const limits = none ? (await sealer.status({})).limits : await sealer['sealing.setLimits'](changes)
      return { json: limits, text: limitsText(limits) }
    },
    (command) =>
      command
        .option('--enable_deal_sector [bool]', 'take deals into sectors')
        .option('--enable-deal-sector [bool]', 'the same')
        .option('--deal-concurrent <N>', 'deal sectors in flight at most')
        .option('--total_num <N>', 'sectors of any kind in flight at most; 0: no limit')
        .option('--total-num <N>', 'the same'),
  )
}

function limitsLog(session: Session): Command {
  return answers(
    session,
    {
      usage: 'limits-log',
      about: 'Print every change of the in-flight counts: that a limit was never exceeded.',
      examples: ['sealing limits-log'],
    },
    async () => {
      const rows = await (await session.sealer())['sealing.limitsLog']({})
      return { json: rows, text: limitsLogTable(rows) }
    },
  )
}

function schedDiag(session: Session): Command {
  return answers(
    session,
    {
      usage: 'sched-diag',
      about: 'Print what workers hold and what waits for them, as JSON: why a sector is not being worked on.',
      examples: ['sealing sched-diag'],
      notes:
        'CallToWork: claims, by sector and claim. Requests: sectors that no worker has taken. OpenWindows: workers that may take work.',
    },
    async () => {
      const sealer = await session.sealer()
      const [jobs, workers, sectors, { limits }] = await Promise.all([
        sealer['sealing.jobs']({}),
        sealer['sealing.workers']({}),
        everySector(sealer),
        sealer.status({}),
      ])
      const busy = new Set(jobs.map((job) => job.sectorNumber))
      const requests = sectors
        .filter((row) => row.waiting !== null && !busy.has(row.sectorNumber) && row.state !== 'Proving')
        .map((row) => ({
          Sector: row.sectorNumber,
          TaskType: row.state,
          WaitingFor: row.waiting?.for ?? '',
          Who: row.waiting?.who ?? '',
          SinceMs: row.waiting?.sinceMs ?? null,
        }))
      const json = {
        CallToWork: Object.fromEntries(
          jobs.map((job) => [
            `${job.sectorNumber}-${job.claimId}`,
            { Task: job.task, Worker: job.workerId, StartedMs: job.startedMs },
          ]),
        ),
        SchedInfo: {
          OpenWindows: workers.filter((worker) => worker.alive).map((worker) => worker.workerId),
          Requests: requests.length === 0 ? null : requests,
        },
        Limits: limits,
      }
      return { json, text: jsonText(json) }
    },
  )
}
