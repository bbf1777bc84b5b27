import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kind } from '@sealane/jobs'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startLocalRedis } from '../launch/start-local-redis.js'
import { createQueues } from '../queues/queues.js'

const script = fileURLToPath(new URL('../../test/app.mjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'sl-a-'))
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(dir, { recursive: true, force: true })
})

function run(...args: string[]) {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let out = ''
  let err = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  const printed = (text: string) => expect.poll(() => out, { timeout: 15_000 }).toContain(text)
  return {
    child,
    ended,
    printed,
    out: () => out,
    plain: () => err.split('\n').filter((line) => line !== '' && !line.startsWith('{')),
  }
}
async function redis(name: string, extra: string[] = []) {
  const server = await startLocalRedis({ dir: join(dir, name), extra })
  if (server === undefined) throw new Error('tests need redis-server')
  return server
}
const look = kind({ queue: 'app.look', payload: z.object({ row: z.int() }), id: (p) => `r${p.row}` })

describe('an app', () => {
  it('stops on SIGTERM, running its hooks, with exit code 0', async () => {
    const app = run('idle')
    await app.printed('READY')
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
    expect(app.out()).toContain('CLOSED')
    expect(app.plain()).toEqual([])
  })
  it('stops within 10 s with Redis gone and a job running', async () => {
    const server = await redis('gone')
    const app = run('queues', server.url)
    await app.printed('READY')
    const queues = createQueues({ url: server.url })
    await expect.poll(() => queues.check()).toBe(true)
    await queues.add(look, { row: 1 })
    await app.printed('WORKING')
    await queues.close()
    await server.kill()
    const before = performance.now()
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
    expect(performance.now() - before).toBeLessThan(10_000)
  })
  it('ends after 10 s when a hook hangs, and says so by its exit code', async () => {
    const app = run('hang')
    await app.printed('READY')
    const before = performance.now()
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(75)
    expect(performance.now() - before).toBeLessThan(10_000)
  }, 30_000)
  it('exits non-zero with one plain line for its own fault at start', async () => {
    const app = run('own-fault')
    expect(await app.ended).toBe(78)
    expect(app.plain()).toEqual(['CERTIFICATE: certificate /x.crt expired: issue one'])
  })
  it('exits non-zero when Redis would lose jobs, naming setting and fix', async () => {
    const server = await redis('volatile', ['appendonly no'])
    const app = run('volatile', server.url)
    expect(await app.ended).toBe(78)
    expect(app.plain()).toEqual([
      expect.stringMatching(
        /^QUEUE_VOLATILE: Redis at .* has appendonly = no, must be yes: .*redis\.conf needs:/,
      ),
    ])
    await server.stop()
  })
  it('starts without Redis and waits for it', async () => {
    const app = run('queues', `unix:${join(dir, 'nobody.sock')}`)
    await app.printed('READY')
    app.child.kill('SIGTERM')
    expect(await app.ended).toBe(0)
  })
  it('ends on a bug so that its supervisor can restart it, but survives what it knows to be harmless', async () => {
    const bug = run('throw')
    expect(await bug.ended).toBe(70)
    expect(bug.plain()).toEqual(['TypeError: a bug'])
    const survivor = run('survive')
    expect(await survivor.ended).toBe(0)
  })
})

describe('a file written durably', () => {
  it('is whole and not older than what was reported, after kill -9 at any moment', async () => {
    const folder = mkdtempSync(join(dir, 'w-'))
    const path = join(folder, 'state.json')
    for (let round = 0; round < 5; round++) {
      const app = run('write', path)
      await app.printed(`wrote ${3 + round * 7}`)
      app.child.kill('SIGKILL')
      await app.ended
      const reported = Number([...app.out().matchAll(/wrote (\d+)\n/g)].at(-1)?.[1])
      const { n, pad } = JSON.parse(readFileSync(path, 'utf8')) as { n: number; pad: string }
      expect(n).toBeGreaterThanOrEqual(reported)
      expect(pad).toHaveLength(100_000)
    }
    // What a kill leaves beside it is a hidden temporary file, never a half-written state.
    expect(readdirSync(folder).filter((name) => !name.endsWith('.tmp'))).toEqual(['state.json'])
  }, 60_000)
})
