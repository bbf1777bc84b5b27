import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram, freePort } from '@sealane/host'
import { localRedis, temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Check } from '../doctor/check.js'
import { runCommand } from '../testing/run-command.js'
import { scriptedApps } from '../testing/scripted-apps.js'
import { recordedNetwork, scriptedNode, tipSetJson } from '../testing/scripted-node.js'

const headCid = 'bafy2bzaceazitw6czi2w7xuu3c7dnm5l5yg6g4neav5n7ufmznxsxzpfie2m6'

describe('doctor', () => {
  const redis = localRedis()

  async function checks(line: string, env: Record<string, string | undefined>) {
    const { out, code } = await runCommand(`doctor --json ${line}`, env)
    return { code, found: JSON.parse(out) as Check[] }
  }

  it('finds a healthy stack healthy, and names the rooms that are red', async () => {
    const apps = await scriptedApps({
      provider: { health: async () => ({ ok: true, rooms: [{ room: 'chain', ok: true, reason: '' }] }) },
      sealer: {
        health: async () => ({ ok: false, rooms: [{ room: 'crossing', ok: false, reason: 'redis away' }] }),
        'sealing.workers': async () => [],
      },
    })
    const now = Math.floor(Date.now() / 1000)
    const node = await scriptedNode({
      ...recordedNetwork,
      ChainHead: tipSetJson({ height: 7129, cid: headCid, parent: headCid, timestamp: now }),
    })
    const config = join(temporaryDirectory(), 'sealer.toml')
    writeFileSync(config, `[home]\nredis_url = "${redis.url}"\n`)
    const { found, code } = await checks(`--config ${config}`, { ...apps, ...node })
    const by = (name: string) => found.find((check) => check.name === name)
    expect(found.filter((check) => check.status === 'fail')).toEqual([])
    expect(code).toBe(0)
    expect(by('node')?.status).toBe('ok')
    expect(by('provider')).toMatchObject({ status: 'ok', text: 'healthy (1 rooms)' })
    expect(by('sealer crossing')).toMatchObject({ status: 'warn', text: 'redis away' })
    expect(by('workers')).toMatchObject({ status: 'warn', text: 'none alive' })
    expect(by('miner')?.status).toBe('skip')
    expect(by('chain')).toMatchObject({ status: 'ok' })
    expect(by('queues home')).toMatchObject({ status: 'ok' })
    expect(JSON.stringify(found)).not.toContain(new URL(redis.url).password || 'no password')
  })

  it('fails on a queue server that would lose jobs', async () => {
    const port = await freePort()
    const program = findProgram(['valkey-server', 'redis-server']) ?? ''
    const server = spawn(program, ['--port', String(port), '--save', '', '--appendonly', 'no'], {
      stdio: 'ignore',
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    const { found, code } = await checks('', { REDIS_URL: `redis://127.0.0.1:${port}` })
    expect(code).toBe(1)
    const check = found.find((one) => one.name === 'queues REDIS_URL')
    expect(check).toMatchObject({ status: 'fail' })
    expect(check?.text).toContain('appendonly = no, must be yes: jobs would be lost')
  })

  it('fails on a queue server that is away, and warns of an old head', async () => {
    const node = await scriptedNode({
      ...recordedNetwork,
      ChainHead: tipSetJson({
        height: 7129,
        cid: headCid,
        parent: headCid,
        timestamp: 1795360922 - 86_400 * 365,
      }),
    })
    const { found, code } = await checks('', { ...node, REDIS_URL: 'redis://127.0.0.1:1' })
    expect(code).toBe(1)
    expect(found.find((check) => check.name === 'queues REDIS_URL')).toMatchObject({ status: 'fail' })
    expect(found.find((check) => check.name === 'chain')?.status).toBe('warn')
  })

  it('does not call promises kept where there is nothing to check', async () => {
    const { code, err } = await runCommand('doctor --invariants --state /nonexistent')
    expect(code).not.toBe(0)
    expect(err).toContain('no database of provider, sealer or miner in /nonexistent: name the directory')
  })

  it('prints one line for each check and what to do below it', async () => {
    const { out } = await runCommand('doctor', { SEALANE_RUNTIME_DIR: '/nonexistent' })
    expect(out).toMatch(/^ok {4}node +v24\./)
    expect(out).toMatch(/\n- {5}provider +nothing runs at \/nonexistent\/provider\.sock/)
    expect(out).toMatch(/\n\d failed, \d to look at\n$/)
  })
})
