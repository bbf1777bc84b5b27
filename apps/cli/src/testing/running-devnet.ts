import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll } from 'vitest'

const main = fileURLToPath(new URL('../../../devnet/dist/main.js', import.meta.url))

/** A real devnet, as its own process, for the tests of one file. Call it at the top of a describe. */
export function runningDevnet(): { nodes: () => string } {
  const dir = join(temporaryDirectory(), 'devnet')
  const read = (name: string) => readFileSync(join(dir, name), 'utf8').trim()
  let stop: () => Promise<void> = async () => undefined
  beforeAll(async () => {
    const child = spawn(process.execPath, [main, 'run', '--state-dir', dir, '--listen', '127.0.0.1:0'], {
      stdio: 'ignore',
    })
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    stop = async () => {
      child.kill('SIGTERM')
      await gone
    }
    // `api` is the last file it writes.
    await until(
      'the devnet listens',
      () => existsSync(join(dir, 'api')),
      (there) => there,
      { deadlineMs: 30_000 },
    )
  })
  afterAll(async () => await stop())
  return { nodes: () => `${read('token')}:${read('api')}` }
}
