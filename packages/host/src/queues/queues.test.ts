import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kind } from '@sealane/jobs'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { Health } from '../app/health.js'
import type { HostError } from '../errors/host-error.js'
import { freePort } from '../launch/free-port.js'
import type { LocalServer } from '../launch/local-server.js'
import { type LocalPostgres, startLocalPostgres } from '../launch/start-local-postgres.js'
import { startLocalRedis } from '../launch/start-local-redis.js'
import { createAuthority, issueCertificate, loadIdentity, roleName, tlsOptions } from '../tls/certificates.js'
import { parseQueueUrl } from './queue-url.js'
import { createQueues, type Queues } from './queues.js'
import { WatchedWorker } from './watched-worker.js'

const look = kind({
  queue: 'test.look',
  payload: z.object({ row: z.int(), turn: z.int() }),
  id: (p) => `r${p.row}-t${p.turn}-0`,
})

const opened: Queues[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((queues) => queues.close()))
})
function open(url: string, o: Partial<Parameters<typeof createQueues>[0]> = {}): Queues {
  const queues = createQueues({ url, ...o })
  opened.push(queues)
  return queues
}
const up = (queues: Queues) =>
  vi.waitFor(async () => expect(await queues.check()).toBe(true), { timeout: 10_000 })

function suite(url: () => string) {
  it('brings a job to a worker, once for one id', async () => {
    const queues = open(url())
    await up(queues)
    const seen: number[] = []
    await queues.add(look, { row: 1, turn: 1 })
    await queues.add(look, { row: 1, turn: 1 })
    await queues.addBulk(look, [
      { row: 2, turn: 1 },
      { row: 3, turn: 1 },
    ])
    queues.work(look, async (p) => void seen.push(p.row))
    await vi.waitFor(() => expect([...seen].sort()).toEqual([1, 2, 3]), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await queues.depth(look.queue)).toBe(0), { timeout: 5_000 })
  })

  it('gives the job of a process that is gone to another once its lock is over', async () => {
    const queueName = 'test.lock'
    const lockMs = 1_000
    const gone = open(url(), { lockMs })
    await up(gone)
    let taken = false
    gone.work(look, () => new Promise<void>(() => (taken = true)), { queueName })
    await gone.add(look, { row: 1, turn: 1 }, { queueName })
    await vi.waitFor(() => expect(taken).toBe(true), { timeout: 10_000 })
    await gone.close()
    const seen: number[] = []
    open(url(), { lockMs }).work(look, async (p) => void seen.push(p.row), { queueName })
    // Two locks and a blocking fetch; with the default it would be a minute.
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 12_000 })
  }, 30_000)

  it('runs an id again once its job has ended, also after a failure', async () => {
    const queues = open(url())
    await up(queues)
    let runs = 0
    queues.work(
      look,
      async () => {
        runs++
        throw new Error('poison')
      },
      { queueName: 'test.again' },
    )
    for (let n = 1; n <= 3; n++) {
      await queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.again' })
      await vi.waitFor(() => expect(runs).toBe(n), { timeout: 10_000 })
      await vi.waitFor(async () => expect(await queues.depth('test.again')).toBe(0), { timeout: 5_000 })
    }
  })

  it('holds delayed jobs back and takes urgent ones first', async () => {
    const queues = open(url())
    await up(queues)
    const seen: number[] = []
    const queueName = 'test.order'
    await queues.add(look, { row: 1, turn: 1 }, { queueName, delayMs: 700 })
    await queues.add(look, { row: 2, turn: 1 }, { queueName, priority: 9 })
    await queues.add(look, { row: 3, turn: 1 }, { queueName, priority: 1 })
    queues.work(look, async (p) => void seen.push(p.row), { queueName })
    await vi.waitFor(() => expect(seen).toEqual([3, 2, 1]), { timeout: 10_000 })
  })

  it('drops what is not of its kind, and goes on', async () => {
    const queues = open(url())
    await up(queues)
    const seen: number[] = []
    const queueName = 'test.hostile'
    const hostile = kind({ queue: queueName, payload: z.object({ row: z.string() }), id: () => 'h' })
    const large = kind({
      queue: queueName,
      payload: z.object({ row: z.int(), turn: z.int(), pad: z.string() }),
      id: () => 'l',
    })
    await queues.add(hostile, { row: '../../etc/passwd' })
    await queues.add(large, { row: 7, turn: 1, pad: 'x'.repeat(200_000) })
    await queues.add(look, { row: 1, turn: 1 }, { queueName })
    queues.work(look, async (p) => void seen.push(p.row), { queueName })
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 10_000 })
    await vi.waitFor(async () => expect(await queues.depth(queueName)).toBe(0), { timeout: 5_000 })
  })

  it('works many dynamic queues side by side and refuses two handlers of one', async () => {
    const queues = open(url())
    await up(queues)
    const seen: string[] = []
    for (const path of ['a', 'b', 'c', 'd']) {
      const queueName = `test.pc2.${path}`
      queues.work(look, async () => void seen.push(path), { queueName, concurrency: 2 })
      await queues.add(look, { row: 1, turn: 1 }, { queueName })
    }
    await vi.waitFor(() => expect([...seen].sort()).toEqual(['a', 'b', 'c', 'd']), { timeout: 10_000 })
    expect(() => queues.work(look, async () => {}, { queueName: 'test.pc2.a' })).toThrow('two handlers')
  })

  it('closes with a handler running: aborts it, waits a little, ends', async () => {
    const queues = open(url())
    await up(queues)
    let released = false
    let started = false
    queues.work(
      look,
      (_, signal) =>
        new Promise((resolve) => {
          started = true
          signal.addEventListener('abort', () => {
            released = true
            resolve()
          })
        }),
      { queueName: 'test.close' },
    )
    await queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.close' })
    await vi.waitFor(() => expect(started).toBe(true), { timeout: 10_000 })
    const before = performance.now()
    await queues.close()
    expect(released).toBe(true)
    expect(performance.now() - before).toBeLessThan(4_000)
    await expect(queues.add(look, { row: 2, turn: 1 })).rejects.toMatchObject({ code: 'QUEUES_CLOSED' })
  })
}

describe('queues on Redis', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sl-q-'))
  let server: LocalServer
  const start = async (extra: string[] = [], folder = dir) => {
    const started = await startLocalRedis({ dir: folder, extra })
    if (started === undefined) throw new Error('tests need redis-server')
    return started
  }
  beforeAll(async () => {
    server = await start()
  })
  afterAll(async () => {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  })

  suite(() => server.url)

  it('refuses an add to a server that was never there, and the process lives on', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    // Accepts connections and never says a word: the wait for the first one lasts as long as the add may.
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const queues = open(`redis://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    await expect(queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.silent' })).rejects.toMatchObject({
      code: 'QUEUE_DOWN',
    })
    await queues.close()
    silent.close()
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  it('keeps acknowledged jobs over kill -9, and works on by itself when Redis is back', async () => {
    const health = new Health()
    const queues = open(server.url, { health })
    await up(queues)
    const seen = new Set<number>()
    const queueName = 'test.killed'
    const rows = Array.from({ length: 50 }, (_, row) => ({ row, turn: 1 }))
    await queues.addBulk(look, rows, { queueName })
    await server.kill()
    await vi.waitFor(() => expect(health.report().ok).toBe(false))
    await expect(queues.add(look, { row: 99, turn: 1 }, { queueName })).rejects.toMatchObject({
      code: 'QUEUE_DOWN',
      remedy: 'retry',
    })
    queues.work(look, async (p) => void seen.add(p.row), { queueName, concurrency: 5 })
    server = await start()
    // The refused job may have reached Redis all the same: of it nothing is promised.
    const acknowledged = () => rows.filter(({ row }) => seen.has(row)).length
    await vi.waitFor(() => expect(acknowledged()).toBe(50), { timeout: 20_000 })
    await vi.waitFor(() => expect(health.report()).toMatchObject({ ok: true }))
    // A second restart under the same worker: it must still fetch.
    await server.kill()
    server = await start()
    await up(queues)
    await queues.add(look, { row: 100, turn: 1 }, { queueName })
    await vi.waitFor(() => expect(seen.has(100)).toBe(true), { timeout: 25_000 })
  }, 60_000)

  it('tells a frozen Redis from a quiet one, and works on when it thaws', async () => {
    const health = new Health()
    const queues = open(server.url, { health })
    await up(queues)
    const seen: number[] = []
    queues.work(look, async (p) => void seen.push(p.row), { queueName: 'test.frozen' })
    await queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.frozen' })
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 5_000 })
    process.kill(server.pid, 'SIGSTOP')
    await vi.waitFor(() => expect(health.report().ok).toBe(false), { timeout: 20_000 })
    process.kill(server.pid, 'SIGCONT')
    await vi.waitFor(() => queues.add(look, { row: 2, turn: 1 }, { queueName: 'test.frozen' }), {
      timeout: 15_000,
    })
    await vi.waitFor(() => expect(seen).toEqual([1, 2]), { timeout: 25_000 })
    await vi.waitFor(() => expect(health.report()).toMatchObject({ ok: true }), { timeout: 5_000 })
  }, 80_000)

  it('builds a worker anew that has fallen silent though its server answers', async () => {
    const health = new Health()
    const reasons: string[] = []
    health.onChange((room) => reasons.push(room.reason))
    const queues = open(server.url, { health })
    await up(queues)
    const seen: number[] = []
    // One fetch that never comes back, as was seen after restarts of Redis; the connection itself is well.
    vi.spyOn(WatchedWorker.prototype, 'moveToActive').mockImplementationOnce(() => new Promise(() => {}))
    queues.work(look, async (p) => void seen.push(p.row), { queueName: 'test.silent' })
    await queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.silent' })
    await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 25_000 })
    expect(reasons).toContain('worker of test.silent was silent, rebuilt')
    await vi.waitFor(() => expect(health.report().ok).toBe(true), { timeout: 10_000 })
  }, 80_000)

  it('works on after its connections were killed, again and again', async () => {
    const queues = open(server.url)
    await up(queues)
    const seen = new Set<number>()
    queues.work(look, async (p) => void seen.add(p.row), { queueName: 'test.cut' })
    const address = parseQueueUrl(server.url)
    const admin = address.backend === 'redis' ? new Redis(address.options) : undefined
    for (let row = 1; row <= 5; row++) {
      await admin?.call('CLIENT', 'KILL', 'SKIPME', 'yes')
      await vi.waitFor(() => queues.add(look, { row, turn: 1 }, { queueName: 'test.cut' }), {
        timeout: 10_000,
      })
      await vi.waitFor(() => expect(seen.has(row)).toBe(true), { timeout: 20_000 })
    }
    admin?.disconnect()
  }, 120_000)

  it('stops within seconds while Redis is gone', async () => {
    const queues = open(server.url)
    await up(queues)
    for (const name of ['a', 'b', 'c'])
      queues.work(look, () => new Promise(() => {}), { queueName: `test.gone.${name}` })
    await queues.add(look, { row: 1, turn: 1 }, { queueName: 'test.gone.a' })
    await server.kill()
    const before = performance.now()
    await queues.close()
    expect(performance.now() - before).toBeLessThan(6_000)
    server = await start()
  })

  it('says that a full Redis refuses, and goes on when there is room', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sl-m-'))
    const full = await start(['maxmemory 1mb'], folder)
    try {
      const queues = open(full.url)
      await up(queues)
      await expect(queues.add(look, { row: 1, turn: 1 })).rejects.toMatchObject({
        code: 'QUEUE_REFUSED',
        remedy: 'retry',
        message: expect.stringContaining('OOM'),
      })
      const address = parseQueueUrl(full.url)
      const admin = address.backend === 'redis' ? new Redis(address.options) : undefined
      await admin?.config('SET', 'maxmemory', '0')
      admin?.disconnect()
      await queues.add(look, { row: 1, turn: 1 })
      await queues.close()
    } finally {
      await full.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('speaks mutual TLS, to a server of the right role only', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sl-t-'))
    await createAuthority(folder)
    await issueCertificate(folder, { role: 'redis' })
    await issueCertificate(folder, { role: 'home' })
    const port = await freePort()
    const secure = await start(
      [
        `tls-port ${port}`,
        `tls-cert-file ${folder}/redis.crt`,
        `tls-key-file ${folder}/redis.key`,
        `tls-ca-cert-file ${folder}/ca.crt`,
        'tls-auth-clients yes',
      ],
      folder,
    )
    try {
      const password = new URL(secure.url).searchParams.get('password')
      const url = `rediss://:${password}@localhost:${port}`
      const identity = tlsOptions(loadIdentity(folder, 'home'))
      const queues = open(url, { tls: { ...identity, servername: roleName('redis') } })
      await up(queues)
      await queues.add(look, { row: 1, turn: 1 })
      const seen: number[] = []
      queues.work(look, async (p) => void seen.push(p.row))
      await vi.waitFor(() => expect(seen).toEqual([1]), { timeout: 10_000 })
      const health = new Health()
      const wrong = open(url, { tls: { ...identity, servername: roleName('other') }, health })
      const naked = open(url, { tls: { ca: identity.ca, servername: roleName('redis') } })
      await vi.waitFor(() => expect(health.report().rooms[0]?.reason).toContain('rediss://localhost'))
      for (const refused of [wrong, naked]) expect(await refused.check()).toBe(false)
      await Promise.all([queues, wrong, naked].map((each) => each.close()))
    } finally {
      await secure.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.each([
    ['appendonly', 'appendonly no'],
    ['maxmemory-policy', 'maxmemory-policy allkeys-lru'],
    ['appendfsync', 'appendfsync no'],
  ])('refuses a Redis whose %s would lose jobs, naming the setting and the fix', async (setting, line) => {
    const folder = mkdtempSync(join(tmpdir(), 'sl-v-'))
    const volatile = await start([line], folder)
    try {
      const told: HostError[] = []
      const queues = open(volatile.url, { onVolatile: (error) => told.push(error) })
      await vi.waitFor(() => expect(told).toHaveLength(1), { timeout: 5_000 })
      expect(told[0]).toMatchObject({ code: 'QUEUE_VOLATILE', remedy: 'halt', facts: { setting } })
      expect(told[0]?.message).toContain('redis.conf needs: appendonly yes')
      await expect(queues.check()).rejects.toMatchObject({ code: 'QUEUE_VOLATILE' })
      await queues.close()
    } finally {
      await volatile.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('queues on the PostgreSQL fallback', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sl-p-'))
  let server: LocalPostgres
  let url: string
  beforeAll(async () => {
    server = await startLocalPostgres({ dir })
    url = await server.database('home')
  }, 120_000)
  afterAll(async () => {
    await server?.stop()
    // As root the data lies elsewhere, where its unprivileged owner can reach it.
    const elsewhere = join(dir, 'data-is-at')
    if (existsSync(elsewhere))
      rmSync(readFileSync(elsewhere, 'utf8').trim(), { recursive: true, force: true })
    rmSync(dir, { recursive: true, force: true })
  })

  suite(() => url)

  it('keeps crossing and home apart as two databases', async () => {
    const crossing = open(await server.database('crossing'))
    await up(crossing)
    const home = open(url)
    await up(home)
    await home.add(look, { row: 1, turn: 1 }, { queueName: 'test.apart' })
    expect(await home.depth('test.apart')).toBe(1)
    expect(await crossing.depth('test.apart')).toBe(0)
  })
})
