import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { addonPath } from '../addon.js'
import { devnetKeySet } from '../key-set.js'
import type { Progress } from '../task-options.js'
import { runTask } from './run-task.js'
import type { TaskRequest } from './task-request.js'

const directory = mkdtempSync(join(tmpdir(), 'sealane-runner-'))
const keySet = devnetKeySet(directory)
const place = { addonPath: addonPath(), parameterCache: keySet.directory, parentCacheDir: directory }

/** A task that would run for minutes; none of these tests lets it. */
const longTask = (permit: string): TaskRequest => ({
  task: 'generateParameters',
  parameters: keySet.directory,
  which: 'porep',
  sectorSize: '2048',
  permitPath: join(directory, permit),
})

/** Process ids whose parent is `pid`. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
    .map(Number)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' ? undefined : Number(parent)
  } catch {
    return undefined
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`after 10 s still not: ${what}`)
    await sleep(10)
  }
}

/** Runs a task until its first progress and gives that to `then` while the task goes on. */
async function atFirstProgress(
  request: TaskRequest,
  then: (progress: Progress, controller: AbortController) => void,
): Promise<unknown> {
  const controller = new AbortController()
  let seen = false
  return runTask(request, place, {
    signal: controller.signal,
    onProgress: (progress) => {
      if (!seen) then(progress, controller)
      seen = true
    },
  })
}

describe('a task in a child process', () => {
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('is killed on abort and leaves no process behind', async () => {
    const run = atFirstProgress(longTask('abort.lock'), (_, controller) => controller.abort())
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED', remedy: 'retry' })
    expect(childrenOf(process.pid).filter(isRunner)).toEqual([])
  })

  it('is not even started when the signal has fired before', async () => {
    const signal = AbortSignal.abort()
    await expect(runTask(longTask('never.lock'), place, { signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
  })

  it('rejects with how the child died when someone kills it', async () => {
    const run = atFirstProgress(longTask('killed.lock'), () => {
      for (const pid of childrenOf(process.pid).filter(isRunner)) process.kill(pid, 'SIGKILL')
    })
    await expect(run).rejects.toMatchObject({
      code: 'CHILD_DIED',
      remedy: 'retry',
      message: expect.stringContaining('generateParameters was killed by SIGKILL'),
    })
  })

  it('dies with its parent, even when the parent is killed with SIGKILL', async () => {
    const program = `
      import { runTask } from ${JSON.stringify(fileURLToPath(new URL('../../dist/runner/run-task.js', import.meta.url)))}
      await runTask(${JSON.stringify(longTask('orphan.lock'))}, ${JSON.stringify(place)}, {
        onProgress: () => process.stdout.write('running'),
      })`
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(parent.stdout, 'data')
    const children = childrenOf(parent.pid ?? 0)
    expect(children).toHaveLength(1)
    parent.kill('SIGKILL')
    await until('the child is gone', () => children.every((pid) => parentOf(pid) === undefined))
  })

  it('waits for the permit, says who holds it, and gets it when the holder is killed', async () => {
    const request = longTask('shared.lock')
    const holder = new AbortController()
    const holding = Promise.withResolvers<void>()
    const first = runTask(request, place, { signal: holder.signal, onProgress: () => holding.resolve() })
    await holding.promise

    // Another sector size, so that it waits for the permit and not for the same file.
    const stages: string[] = []
    const waiter = new AbortController()
    const second = runTask({ ...request, sectorSize: '8388608' } as TaskRequest, place, {
      signal: waiter.signal,
      onProgress: ({ stage }) => {
        stages.push(stage)
        if (stages.length === 1) holder.abort()
        else waiter.abort()
      },
    })
    await expect(first).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(stages[0]).toMatch(/^waiting for the C2 permit \(held by process \d+\)$/)
    expect(stages[1]).toBe('reading the circuit')
  })

  it('ends when its listener throws', async () => {
    const run = runTask(longTask('throws.lock'), place, {
      onProgress: () => {
        throw new Error('the listener fell over')
      },
    })
    await expect(run).rejects.toThrow('the listener fell over')
    expect(childrenOf(process.pid).filter(isRunner)).toEqual([])
  })

  it('names a request that the addon does not know', async () => {
    const request = { task: 'guess' } as unknown as TaskRequest
    await expect(runTask(request, place)).rejects.toMatchObject({ code: 'INVALID_INPUT', remedy: 'hold' })
  })

  it('says that the addon is missing', async () => {
    const run = runTask(longTask('missing.lock'), { ...place, addonPath: join(directory, 'none.node') })
    await expect(run).rejects.toMatchObject({ code: 'ADDON_MISSING', remedy: 'halt' })
  })
})

function isRunner(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sealane-proofs-runner')
}
