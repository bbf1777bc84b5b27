import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { endLeftoverServer, noteServer } from './leftover-server.js'
import { spawnServer } from './local-server.js'
import { startLocalRedis } from './start-local-redis.js'

const root = mkdtempSync(join(tmpdir(), 'sl-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('a server that a killed process left on a directory', () => {
  it('is ended before another starts on it', async () => {
    const dir = join(root, 'redis')
    const first = await startLocalRedis({ dir })
    const second = await startLocalRedis({ dir })
    expect(await first?.exited).toBe('exit code 0')
    expect(Number(readFileSync(join(dir, 'server.pid'), 'utf8'))).toBe(second?.pid)
    await second?.stop()
  })

  it('is not confused with whoever has its number now', async () => {
    const dir = join(root, 'other')
    mkdirSync(dir)
    const stranger = spawnServer('sleep', ['60'], { cwd: root })
    noteServer(dir, stranger.child.pid)
    await endLeftoverServer({ dir, workDir: dir, program: 'redis-server', gentle: 'SIGTERM' })
    expect(stranger.child.signalCode).toBeNull()
    stranger.child.kill()
    expect(await stranger.exited).toBe('SIGTERM')
    writeFileSync(join(dir, 'server.pid'), 'no number')
    await endLeftoverServer({ dir, workDir: dir, program: 'redis-server', gentle: 'SIGTERM' })
  })
})
