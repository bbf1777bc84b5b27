import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const lab = join(import.meta.dirname, '../infra/wan-lab')
const dir = mkdtempSync(join(tmpdir(), 'sl-relay-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Runs the lab as somebody who is not root. */
function run(...args: string[]) {
  const somebody = ['--import', 'data:text/javascript,process.getuid=()=>1000']
  const ran = spawnSync(process.execPath, [...somebody, join(lab, 'lab.mjs'), ...args], { encoding: 'utf8' })
  return { code: ran.status, out: ran.stdout, err: ran.stderr }
}

describe('the line between two sites', () => {
  it('is a relay that compiles without a warning and says how it is called', () => {
    const relay = join(dir, 'relay')
    const made = spawnSync('gcc', ['-Wall', '-Wextra', '-Werror', '-O2', '-o', relay, join(lab, 'relay.c')], {
      encoding: 'utf8',
    })
    expect([made.status, made.stderr]).toEqual([0, ''])
    const ran = spawnSync(relay, [], { encoding: 'utf8' })
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringMatching(/^usage: relay NS-A ADDRESS-A /)])
  })

  it('says plainly what it takes, what it does not, and that it needs root', () => {
    expect(run('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Needs root') })
    expect(run('--rtt', 'far')).toMatchObject({ code: 2, err: 'wan-lab: --rtt is a number, not "far"\n' })
    expect(run('--json')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringMatching(/needs root: run it as root/),
    })
  })
})
