import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ChainPort } from '@sealane/chain'
import { formatDuration } from '@sealane/fil-units'
import { certificatesIn } from '../show/certificates-table.js'
import { type Check, fail, ok, reason, skip, warn } from './check.js'

interface Healthy {
  health(params: object): Promise<{ ok: boolean; rooms: { room: string; ok: boolean; reason: string }[] }>
}

/** One line for the app, one for each of its rooms that is red. `expected`: it should run on this machine. */
export async function checkApp(name: string, client: Healthy, expected: boolean): Promise<Check[]> {
  try {
    const report = await client.health({})
    const red = report.rooms.filter((room) => !room.ok)
    if (red.length === 0) return [ok(name, `healthy (${report.rooms.length} rooms)`)]
    return red.map((room) =>
      warn(
        `${name} ${room.room}`,
        room.reason,
        `it waits for what it names; the log of the ${name} says more`,
      ),
    )
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'NOT_RUNNING' && !expected) return [skip(name, reason(error))]
    return [fail(name, reason(error), `look into the log of the ${name}, and restart it`)]
  }
}

interface WorkerList {
  'sealing.workers'(params: object): Promise<{ workerId: string; alive: boolean; tasks: string[] }[]>
}

export async function checkWorkers(sealer: WorkerList): Promise<Check[]> {
  try {
    const workers = await sealer['sealing.workers']({})
    const alive = workers.filter((worker) => worker.alive)
    if (alive.length === 0)
      return [warn('workers', 'none alive', 'start one: sealane-sealer worker --storage PATH')]
    const away = workers.filter((worker) => !worker.alive)
    const named = alive.map((worker) => worker.workerId).join(', ')
    return [
      ok('workers', `${alive.length} alive: ${named}`),
      ...away.map((worker) =>
        warn('workers', `${worker.workerId} is away`, 'start it, or its sectors wait for it'),
      ),
    ]
  } catch {
    // The sealer's own line has said it.
    return []
  }
}

/** A head this many epochs old means a node that does not follow its chain. */
const lateEpochs = 10

export async function checkChain(chain: ChainPort, nowMs: number): Promise<Check[]> {
  try {
    const [name, version, head, params] = await Promise.all([
      chain.networkName(),
      chain.version(),
      chain.head(),
      chain.networkParams(),
    ])
    const ageMs = nowMs - head.timestamp * 1000
    const text = `${name}, ${version.version}, head ${head.height}, ${formatDuration(Math.max(0, Math.round(ageMs / 1000)) * 1000)} old`
    // The devnet's clock runs ahead of the wall when it rushes: its head may be from the future.
    if (ageMs <= lateEpochs * params.blockDelaySeconds * 1000) return [ok('chain', text)]
    return [
      warn(
        'chain',
        text,
        'the node does not follow its chain: look at its sync state; messages cannot land until it does',
      ),
    ]
  } catch (error) {
    return [fail('chain', reason(error), 'start the node, or name another in FULLNODE_API_INFO')]
  }
}

/** Redis servers named in config files, with where they were found. */
export function queueUrls(
  configFiles: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): { name: string; url: string }[] {
  const found = new Map<string, string>()
  if (env.REDIS_URL !== undefined) found.set(env.REDIS_URL, 'REDIS_URL')
  for (const file of configFiles) {
    let section = ''
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      section = /^\s*\[([\w.]+)\]/.exec(line)?.[1] ?? section
      const url = /^\s*redis_url\s*=\s*["'](.+)["']\s*$/.exec(line)?.[1]
      if (url !== undefined && !found.has(url)) found.set(url, section)
    }
  }
  return [...found].map(([url, name]) => ({ name, url }))
}

/** Every TOML file of a folder. */
export function configFilesIn(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((file) => file.endsWith('.toml'))
    .map((file) => join(dir, file))
}

/** How long a queue server has to answer. Unit: ms. */
const queuePatienceMs = 3_000

/** Reachable, and keeps what it acknowledged. */
export async function checkQueues({ name, url }: { name: string; url: string }): Promise<Check> {
  const shown = `queues ${name}`
  const { createQueues } = await import('@sealane/host')
  const queues = createQueues({ url, onVolatile: () => undefined })
  try {
    // It connects in the background: the first answers may come before it has.
    let answers = await queues.check()
    for (
      const endMs = Date.now() + queuePatienceMs;
      !answers && Date.now() < endMs;
      answers = await queues.check()
    ) {
      await pause(100)
    }
    if (answers) return ok(shown, `${withoutPassword(url)}, durable`)
    return fail(
      shown,
      `${withoutPassword(url)} does not answer`,
      'start it, or mend redis_url; apps wait for it meanwhile',
    )
  } catch (error) {
    return fail(shown, reason(error), 'set it in redis.conf and restart Redis: jobs must survive a crash')
  } finally {
    await queues.close()
  }
}

function withoutPassword(url: string): string {
  return url.replace(/:\/\/[^@/]*@/, '://…@').replace(/password=[^&]*/, 'password=…')
}

export function checkCertificates(dir: string, nowMs: number): Check[] {
  const found = certificatesIn(dir, nowMs)
  if (found.length === 0) return [skip('certificates', `none in ${dir}`)]
  const wrong = found.filter((one) => one.problem !== undefined)
  if (wrong.length === 0) {
    const soonest = Math.min(...found.map((one) => one.daysLeft))
    return [ok('certificates', `${found.length} in ${dir}, the first ends in ${soonest} days`)]
  }
  return wrong.map((one) => {
    const [text = '', next = 'sealane certs issue'] = (one.problem ?? '').split(': ')
    return one.daysLeft < 0
      ? fail(`certificate ${one.role}`, text, next)
      : warn(`certificate ${one.role}`, text, next)
  })
}
