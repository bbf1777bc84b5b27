import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { environment, patienceMs, processesOf, root, Stack, stateHome } from './stack.js'

/** Holds a run's summary against the chain it left behind and the files it sealed. */
async function verified(home: string, stack: Stack): Promise<string> {
  const file = join(home, 'told.json')
  writeFileSync(file, stack.told.map((told) => JSON.stringify(told)).join('\n'))
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(root, 'scripts/verify-summary.mjs'), file, home],
    { env: environment(home), timeout: patienceMs },
  ).catch((error: { stdout?: string; message: string }) => ({ stdout: `${error.stdout}\n${error.message}` }))
  return stdout
}

describe('one deal, from a client to a proven sector', () => {
  const home = stateHome()

  it('ends with exit code 0 and a summary that the chain and the unsealed bytes bear out', async () => {
    const stack = Stack.start(home, ['--prover', 'trapdoor', '--once'])
    const summary = await stack.summary()
    expect(await stack.exitCode()).toBe(0)
    expect(processesOf(home)).toEqual([])
    expect(summary).toMatchObject({ rawPowerBefore: '0', rawPowerAfter: '2048', prover: 'trapdoor' })
    expect(summary.deals).toHaveLength(1)
    expect(await verified(home, stack)).toMatch(/the summary holds\n$/)
  })

  it('goes on after a killed supervisor, and an unread one: nothing is left of them, what is there is reused for another deal and a CC sector', async () => {
    const killed = Stack.start(home, ['--prover', 'trapdoor'])
    // devnet, Redis, miner, sealer, worker, provider.
    const left = await until(
      'all to run',
      () => processesOf(home),
      ({ length }) => length >= 6,
      {
        deadlineMs: patienceMs,
      },
    )
    const orphans = left.map(({ pid }) => pid)
    killed.signal('SIGKILL')
    await killed.exitCode()

    // And of one whose reader has gone, as `npm start | head` leaves it: it ends what it has started.
    const unread = Stack.start(home, ['--prover', 'trapdoor'])
    await unread.tells('the miner actor', ({ event }) => event === 'miner')
    unread.stopReading()
    await unread.exitCode()
    await until(
      'all it has started to end',
      () => processesOf(home),
      ({ length }) => length === 0,
      {
        deadlineMs: patienceMs,
      },
    )

    const stack = Stack.start(home, ['--prover', 'trapdoor'])
    const summary = await stack.summary()
    expect(summary).toMatchObject({ rawPowerBefore: '2048', rawPowerAfter: '4096' })
    expect(summary.deals.map(({ dealId }) => dealId)).toHaveLength(1)
    const living = processesOf(home).map(({ pid }) => pid)
    expect(living.filter((pid) => orphans.includes(pid))).toEqual([])
    expect(stack.rows('miner', "SELECT uuid FROM messages WHERE class = 'createMiner'")).toHaveLength(1)

    const { sectorNumber } = await stack.apps.sealer['sectors.pledge']({})
    const sector = await until(
      'the CC sector to be proven',
      () => stack.apps.sealer['sectors.get']({ sectorNumber }),
      (row) => row.provenEpoch !== null,
      { deadlineMs: patienceMs },
    )
    expect(sector).toMatchObject({ committedCapacity: true, pieces: [], state: 'Proving' })
    const power = await stack.chain.minerPower(await stack.miner())
    expect(power.minerPower.rawBytePower).toBe(6144n)
    expect(await stack.stop()).toBe(0)
    expect(processesOf(home)).toEqual([])
  })
})

describe('a file of 5 MB', () => {
  const home = stateHome()

  it('becomes a deal in an 8MiB sector, and comes out as it went in', async () => {
    const file = join(home, 'five-megabytes')
    writeFileSync(file, randomBytes(5_000_000))
    const stack = Stack.start(home, ['--prover', 'trapdoor', '--once', '--file', file])
    const summary = await stack.summary()
    expect(await stack.exitCode()).toBe(0)
    expect(summary).toMatchObject({ rawPowerAfter: String(8 << 20) })
    expect(await verified(home, stack)).toMatch(/the summary holds\n$/)
    expect(readFileSync(file)).toHaveLength(5_000_000)
  })
})
