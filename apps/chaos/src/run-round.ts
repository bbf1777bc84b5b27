import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { faultText, type Scheduled } from './fault.js'
import { FaultProxy } from './fault-proxy.js'
import { hurt, type Patient } from './hurt.js'
import { orphansOf, processesOf, type RunningProcess } from './processes.js'
import { RedisServer } from './redis-server.js'
import { leaseMs, lockMs, type RoundPlan } from './schedule.js'
import { StackProcess, sealane, type Told } from './stack-process.js'

/** What fills a 2KiB sector. Unit: bytes. */
const fullSector = 2032
/** A run without faults takes 20 s; its faults a minute more at most. Unit: ms. */
const doneMs = 180_000
/** From the last deal proven until nothing is left to do: an outbox sends again after 5 s, 10 s, 20 s; reconcile looks every minute. */
const settle = '75s'
/** From SIGTERM until everything is gone. Unit: ms. */
const stopMs = 30_000

/** One thing that is not as promised. */
export interface Finding {
  readonly promise: string
  readonly rule: string
  readonly text: string
  readonly rows: readonly object[]
}

export interface FaultDone extends Scheduled {
  /** False when the run was over before, or it could not be done. */
  readonly hit: boolean
  /** What it hit, or why it did not. */
  readonly what: string
}

export interface RoundResult {
  readonly seconds: number
  /** From the start until all deals were proven, and until nothing was left to do. */
  readonly provenSeconds: number
  readonly settledSeconds: number
  readonly findings: readonly Finding[]
  readonly faults: readonly FaultDone[]
  /** Services that were started again. */
  readonly restarts: number
}

/** What the checker prints. */
interface Examined {
  readonly violations: readonly Finding[]
  readonly unread: readonly string[]
  /** How much was looked at. */
  readonly read: Readonly<Record<string, number>>
}

/** Runs the main job once while `plan` is done to it, then looks whether every promise was kept. `home` is left as it is. */
export async function runRound(o: {
  home: string
  plan: RoundPlan
  signal: AbortSignal
  tell: (text: string) => void
}): Promise<RoundResult> {
  const { home, plan, signal, tell } = o
  const began = performance.now()
  const seconds = () => Math.round((performance.now() - began) / 100) / 10
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const file = join(home, 'data')
  writeFileSync(file, randomBytes(plan.deals * fullSector))
  const redis = {
    crossing: await RedisServer.start(join(home, 'redis-crossing')),
    home: await RedisServer.start(join(home, 'redis-home')),
  }
  const queueLine = await FaultProxy.listen(() => redis.crossing.port)
  const pieceLine = await FaultProxy.listen(() => {
    const ports = JSON.parse(readFileSync(join(home, 'ports.json'), 'utf8')) as { providerPieces: number }
    return ports.providerPieces
  })
  const env = environment(home, redis, queueLine.port, pieceLine.port)
  const args = ['--prover', 'trapdoor', '--file', file, '--sector-size', '2KiB', '--workers', '2']
  const stack = StackProcess.start({
    home,
    args: [...args, '--deal-concurrent', String(plan.dealConcurrent)],
    env,
    deals: plan.deals,
  })
  const heal = new AbortController()
  const patient: Patient = { stack, redis, ocean: [queueLine, pieceLine] }
  const faults: FaultDone[] = []
  try {
    const hurting = plan.faults.map((one) =>
      hurtAt(patient, one, AbortSignal.any([heal.signal, signal]), faults, tell),
    )
    const summary = await stack.summary(doneMs, signal)
    signal.throwIfAborted()
    const provenSeconds = seconds()
    // What still goes on when the deals are proven is undone; what is still to come finds nothing to hurt.
    heal.abort()
    await Promise.all(hurting)
    const findings = summary?.ok === true ? [] : [notDone(stack, summary)]
    const wantedDeals = findings.length === 0 ? plan.deals : undefined
    const checker = await examine(home, env, redis, wantedDeals, signal, (line) => tell(line.slice(0, 200)))
    findings.push(...checker)
    const settledSeconds = seconds()
    findings.push(...orphansOf(home, stack.pid).map((one) => orphan(one, 'no service owns it')))
    return {
      findings: [...findings, ...(await stopped(stack))],
      seconds: seconds(),
      provenSeconds,
      settledSeconds,
      faults,
      restarts: stack.told.filter(({ event }) => event === 'restarted').length,
    }
  } finally {
    heal.abort()
    await stopped(stack)
    await Promise.all([queueLine.close(), pieceLine.close(), redis.crossing.stop(), redis.home.stop()])
  }
}

function environment(
  home: string,
  redis: Patient['redis'],
  queuePort: number,
  piecePort: number,
): NodeJS.ProcessEnv {
  const { FULLNODE_API_INFO: _nodes, ...rest } = process.env
  return {
    ...rest,
    SEALANE_HOME: home,
    NO_COLOR: '1',
    REDIS_URL: redis.home.url(),
    SEALANE_PROVIDER_CROSSING_REDIS_URL: `${redis.crossing.url()}/0`,
    SEALANE_SEALER_CROSSING_REDIS_URL: `${redis.crossing.url(queuePort)}/0`,
    SEALANE_SEALER_PROVIDER_PIECES_URL: `https://127.0.0.1:${piecePort}`,
    SEALANE_SEALER_WORK_LEASE: `${leaseMs / 1000}s`,
    SEALANE_SEALER_WORK_REQUEUE_AFTER: `${leaseMs / 2000}s`,
    SEALANE_PROVIDER_QUEUES_LOCK: `${lockMs}ms`,
    SEALANE_SEALER_QUEUES_LOCK: `${lockMs}ms`,
    SEALANE_WORKER_QUEUES_LOCK: `${lockMs}ms`,
  }
}

async function hurtAt(
  patient: Patient,
  one: Scheduled,
  signal: AbortSignal,
  done: FaultDone[],
  tell: (text: string) => void,
): Promise<void> {
  let what: string
  let hit = false
  try {
    await patient.stack.moment(one.after)
    await pause(one.delayMs, undefined, { signal })
    if (patient.stack.over) throw new TooLate()
    tell(faultText(one))
    hit = true
    what = await hurt(patient, one.fault, signal)
  } catch (error) {
    // Cut short when the last deal was proven: it was done until then.
    if (!signal.aborted) hit = false
    what = signal.aborted || error instanceof TooLate ? 'the run was over' : String(error)
  }
  done.push({ ...one, hit, what })
}

class TooLate extends Error {}

function notDone(stack: StackProcess, summary: Told | undefined): Finding {
  const last = new Map<string, Told>()
  for (const told of stack.told) {
    const { dealUuid, sectorNumber, uuid } = told
    const subject = dealUuid ?? sectorNumber ?? uuid
    if (subject !== undefined) last.set(`${told.event} ${subject}`, told)
  }
  const text =
    summary !== undefined
      ? `the run failed: ${summary.reason}`
      : stack.closed
        ? `the run ended by itself: ${stack.errors}`
        : `not all deals were proven after ${doneMs / 1000} s`
  return { promise: 'settled', rule: 'not done', text, rows: [...last.values()] }
}

/**
 * The same program that an operator runs: `sealane doctor --invariants --settled`. `wantedDeals`: how many deals a run that ended well
 * asked for; client and provider must have just these, for a proposal asked twice is one deal.
 */
async function examine(
  home: string,
  env: NodeJS.ProcessEnv,
  redis: Patient['redis'],
  wantedDeals: number | undefined,
  signal: AbortSignal,
  tell: (line: string) => void,
): Promise<Finding[]> {
  // Where the queues are behind the proxies; the supervisor's own files name the home Redis for both.
  const queues = join(home, 'queues.toml')
  writeFileSync(
    queues,
    `[crossing]\nredis_url = "${redis.crossing.url()}/0"\n[home]\nredis_url = "${redis.home.url()}/1"\n`,
    { mode: 0o600 },
  )
  const words = [
    'doctor',
    '--invariants',
    '--settled',
    wantedDeals === undefined ? '0s' : settle,
    '--config',
    queues,
    '--json',
  ]
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [sealane, ...words],
      { env: { ...env, REDIS_URL: undefined }, maxBuffer: 64 * 2 ** 20, signal },
      (_error, stdout, stderr) => resolve({ stdout, stderr }),
    )
    if (child.stderr) createInterface({ input: child.stderr }).on('line', tell)
  })
  signal.throwIfAborted()
  writeFileSync(join(home, 'invariants.json'), stdout)
  try {
    const { violations, unread, read } = JSON.parse(stdout) as Examined
    const blind = unread.map((what) => ({ promise: 'settled', rule: 'not read', text: what, rows: [] }))
    const { clientDeals = 0, deals = 0 } = read
    const other = wantedDeals !== undefined && (clientDeals !== wantedDeals || deals !== wantedDeals)
    const text = `${wantedDeals} deals were asked for, the client has ${clientDeals}, the provider ${deals}`
    return [
      ...violations,
      ...blind,
      ...(other ? [{ promise: 'P4', rule: 'number of deals', text, rows: [] }] : []),
    ]
  } catch {
    return [
      { promise: 'settled', rule: 'not checked', text: `the checker failed: ${stderr.trim()}`, rows: [] },
    ]
  }
}

/** Ends the stack; what does not end, or is left, is a finding and is ended by force. */
async function stopped(stack: StackProcess): Promise<Finding[]> {
  const findings: Finding[] = []
  const late = pause(stopMs, 'late' as const, { ref: false })
  const code = await Promise.race([stack.stop(), late])
  if (code === 'late') {
    findings.push({
      promise: 'settled',
      rule: 'not stopped',
      text: `still there ${stopMs / 1000} s after SIGTERM`,
      rows: [],
    })
    process.kill(stack.pid, 'SIGKILL')
  }
  for (const one of processesOf(stack.home).filter(
    ({ command }) => !/redis-server|valkey-server/.test(command),
  )) {
    findings.push(orphan(one, 'left after the run was stopped'))
    try {
      process.kill(one.pid, 'SIGKILL')
    } catch {} // ended by itself
  }
  return findings
}

function orphan(one: RunningProcess, why: string): Finding {
  return { promise: 'settled', rule: 'orphan', text: `process ${one.pid}: ${why}`, rows: [one] }
}
