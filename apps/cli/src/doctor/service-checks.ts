import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { ChainPort } from '@sealane/chain'
import { formatDuration } from '@sealane/fil-units'
import type { Queues } from '@sealane/host'
import { queueTls } from '../connect/queue-tls.js'
import { tomlValues } from '../connect/toml-values.js'
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

/** A queue server, where it was found, and the certificates of the app that uses it. */
export interface QueueUrl {
  readonly name: string
  readonly url: string
  readonly tlsDir?: string | undefined
}

/** Redis servers named in config files, with where they were found. */
export function queueUrls(
  configFiles: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): QueueUrl[] {
  const found = new Map<string, QueueUrl>()
  const { REDIS_URL: own } = env
  if (own !== undefined) found.set(own, { name: 'REDIS_URL', url: own, tlsDir: env.SEALANE_TLS_DIR })
  for (const file of configFiles) {
    const values = tomlValues(file)
    for (const [key, url] of values) {
      const [name = '', word] = key.split('.')
      if (word === 'redis_url' && !found.has(url))
        found.set(url, { name, url, tlsDir: values.get('tls.dir') })
    }
  }
  return [...found.values()]
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
export async function checkQueues({ name, url, tlsDir }: QueueUrl): Promise<Check> {
  const shown = `queues ${name}`
  const { createQueues, HostError } = await import('@sealane/host')
  let queues: Queues | undefined
  try {
    queues = createQueues({ url, ...(await queueTls(tlsDir)), onVolatile: () => undefined })
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
    const next =
      error instanceof HostError && error.facts.code !== 'QUEUE_VOLATILE'
        ? 'mend it: apps refuse to start like this'
        : 'set it in redis.conf and restart Redis: jobs must survive a crash'
    return fail(shown, reason(error), next)
  } finally {
    await queues?.close()
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
