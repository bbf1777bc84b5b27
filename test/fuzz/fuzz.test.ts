import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decoderNames, loadDecoder } from './load-decoders.mjs'

/** Inputs for each decoder here; `npm run fuzz` gives each a million. */
const runs = 1000

interface Row {
  name: string
  executions: number
  accepted?: number
  finding?: { index: number; problem: string; text?: string; again: string }
}

const names = await decoderNames()

describe('what strangers, nodes and files say', () => {
  it.each(names)('%s: is taken or refused with an error that has a name', async (name) => {
    const { make, decode, refuses, corpus, form } = await loadDecoder(name)
    const outcome = async (input: string | Uint8Array) => {
      try {
        return (await decode(input)) !== false
      } catch (error) {
        if (refuses(error)) return false
        throw error
      }
    }
    const taken: boolean[] = []
    for (const input of corpus) taken.push(await outcome(form === 'json' ? JSON.stringify(input) : input))
    expect(taken, 'no recorded input is taken: the corpus is not one').toContain(true)
    for (let index = 0; index < runs; index++) await outcome(make(1, index))
  })
})

describe('the fuzzer', () => {
  const fuzz = (...args: string[]) => {
    const { stdout, status } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, 'fuzz.mjs'), '--json', '--runs', '40', ...args],
      {
        encoding: 'utf8',
        env: {
          ...process.env,
          SEALANE_FUZZ_DECODERS: new URL('planted-decoders.mjs', import.meta.url).href,
        },
      },
    )
    return { status, rows: JSON.parse(stdout) as Row[] }
  }

  it('counts what was taken', () => {
    expect(fuzz('--only', 'planted.good')).toMatchObject({
      status: 0,
      rows: [{ name: 'planted.good', executions: 40, accepted: 40 }],
    })
  })

  it.each([
    ['planted.untyped', /threw TypeError/, []],
    ['planted.hang', /hung/, ['--bound-ms', '20']],
    ['planted.slow', /took \d+ ms of CPU/, ['--bound-ms', '20']],
    ['planted.memory', /MiB of memory|ran out of memory/, ['--rss-mib', '150']],
    ['planted.death', /the process ended with SIGKILL/, []],
  ])('sees %s, and says how to see it again', (name, problem, args) => {
    const { status, rows } = fuzz('--only', name, ...args)
    expect(status).toBe(1)
    expect(rows).toHaveLength(1)
    expect(rows[0]?.finding?.problem).toMatch(problem)
    expect(rows[0]?.finding?.again).toMatch(
      new RegExp(`^npm run fuzz -- --only ${name} --seed 1 --from \\d+ --runs 1$`),
    )
  })
})
