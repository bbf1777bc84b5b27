import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { Secret } from '../config/secret.js'
import { HostError } from '../errors/host-error.js'
import { createLog } from './log.js'

const dir = mkdtempSync(join(tmpdir(), 'sl-l-'))
afterAll(() => rmSync(dir, { recursive: true }))

describe('log', () => {
  it('writes facts as JSON lines, never a secret, never a control character of a stranger', () => {
    const file = join(dir, 'a.log')
    const log = createLog({ name: 'test', file })
    const error = new HostError({ code: 'QUEUE_DOWN', queue: 'q', server: 's' }, 'away', {
      cause: new Error('deep'),
    })
    log.child({ room: 'deals' }).warn('label \u001b[2J seen', {
      label: 'a\u001b]0;evil\u0007b',
      money: 2n ** 70n,
      password: new Secret('canary-1'),
      nested: { token: new Secret('canary-2'), bytes: new Uint8Array(3) },
      error,
    })
    log.flush()
    const text = readFileSync(file, 'utf8')
    const line = JSON.parse(text) as Record<string, unknown>
    expect(line).toMatchObject({
      room: 'deals',
      msg: 'label \\x1b[2J seen',
      label: 'a\\x1b]0;evil\\x07b',
      money: '1180591620717411303424',
      nested: { token: '[redacted]', bytes: '<3 bytes>' },
      error: {
        code: 'QUEUE_DOWN',
        remedy: 'retry',
        message: 'away',
        facts: { queue: 'q' },
        cause: { message: 'deep' },
      },
    })
    expect(text).not.toContain('canary')
    expect(text.trim().split('\n')).toHaveLength(1)
  })
  it('changes levels while running, for all or for one room', () => {
    const file = join(dir, 'b.log')
    const log = createLog({ name: 'test', file })
    const deals = log.child({ room: 'deals' })
    deals.debug('no')
    log.setLevel('debug', 'deals')
    deals.debug('yes')
    log.debug('no')
    log.setLevel('error')
    log.warn('no')
    log.flush()
    expect(readFileSync(file, 'utf8').match(/"msg":"\w+"/g)).toEqual(['"msg":"yes"'])
  })
  it('holds nobody up when nobody reads it', async () => {
    const host = new URL('../../dist/index.js', import.meta.url).href
    const program = `
      const { createLog } = await import(${JSON.stringify(host)})
      const log = createLog({ name: 'test' })
      for (let at = 0; at < 100_000; at++) log.info('a deal came', { at })
      process.stdout.write('went on')
`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    expect(said.toString()).toBe('went on')
  })
})
