import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { patienceMs, processesOf, Stack, stateHome } from './stack.js'

/** What fills a 2KiB sector. Unit: bytes. */
const fullSector = 2032
const deals = 4

interface Claim {
  claim_id: string
  state: string
}

interface Signing {
  cid: string
}

/** kill -9 of the worker while it works at `task`: it is stopped first, so that the task cannot end between look and kill. */
async function killWorkerDuring(stack: Stack, task: string): Promise<void> {
  const claims = (where: string) =>
    stack.rows<Claim>('sealer', `SELECT claim_id, state FROM claims WHERE task = '${task}' AND ${where}`)
  for (;;) {
    const [found] = await until(
      `a worker at ${task}`,
      () => claims("state = 'running'"),
      ({ length }) => length > 0,
      { deadlineMs: patienceMs, everyMs: 1 },
    )
    stack.signalService('worker-1', 'SIGSTOP')
    const now = claims(`claim_id = '${found?.claim_id}'`)[0]
    if (now?.state !== 'running') {
      stack.signalService('worker-1', 'SIGCONT')
      continue
    }
    await stack.kill('worker-1')
    await until(
      `the killed worker's claim of ${task} to end without a result`,
      () => claims(`claim_id = '${found?.claim_id}'`)[0]?.state,
      (state) => state === 'expired' || state === 'released',
      { deadlineMs: patienceMs },
    )
    return
  }
}

/** kill -9 of the miner when a message is signed and no node has taken it yet. */
async function killMinerBetweenSignAndPush(stack: Stack): Promise<void> {
  const query = 'SELECT cid FROM signings WHERE accepted_ms IS NULL'
  const [signed] = await until(
    'a signed message',
    () => stack.rows<Signing>('miner', query),
    ({ length }) => length > 0,
    {
      deadlineMs: patienceMs,
      everyMs: 1,
    },
  )
  await stack.kill('miner')
  await until(
    `the message ${signed?.cid} that was signed before the kill to be pushed after it`,
    () =>
      stack.rows<{ accepted_ms: number | null; state: string }>(
        'miner',
        `SELECT accepted_ms, state FROM signings JOIN messages USING (uuid) WHERE signings.cid = '${signed?.cid}'`,
      ),
    // A node may have taken it in the instant of the kill: then the chain says so.
    ([row]) => row !== undefined && (row.accepted_ms !== null || row.state === 'Confirmed'),
    { deadlineMs: patienceMs },
  )
}

describe('kill -9', () => {
  const home = stateHome()

  it('of each process once during a run: the run still ends proven, nothing is signed, numbered or lost twice', async () => {
    const file = join(home, 'four-sectors')
    writeFileSync(file, randomBytes(deals * fullSector))
    const args = ['--deal-concurrent', '1', '--prover', 'trapdoor', '--file', file, '--sector-size', '2KiB']
    const stack = Stack.start(home, args)
    // From the sealer's own history: states that pass quickly are never printed.
    const sectorIn = (state: string) =>
      until(
        `a sector in ${state}`,
        () => stack.rows('sealer', `SELECT id FROM history WHERE thing = 'sector' AND state = '${state}'`),
        ({ length }) => length > 0,
        { deadlineMs: patienceMs },
      )
    await until(
      'all deals accepted',
      () => stack.told.filter(({ event }) => event === 'proposed').length,
      (n) => n === deals,
      {
        deadlineMs: patienceMs,
      },
    )
    await stack.kill('provider')
    await Promise.all([
      killMinerBetweenSignAndPush(stack),
      killWorkerDuring(stack, 'pc1').then(() => killWorkerDuring(stack, 'c2')),
      sectorIn('PreCommit2').then(() => stack.kill('sealer')),
      sectorIn('WaitSeed').then(() => stack.kill('redis')),
      sectorIn('ProveCommitWait').then(() => stack.kill('devnet')),
    ])
    const summary = await stack.summary()

    // No deal lost, none made twice.
    expect(summary.deals.map(({ dealId }) => dealId).sort()).toEqual([0, 1, 2, 3])
    expect(await stack.chain.marketDeal(deals)).toBeUndefined()
    expect(
      (await stack.apps.provider['deals.list']({})).filter(({ provenEpoch }) => provenEpoch === null),
    ).toEqual([])

    // Nothing signed, numbered or done twice, nothing over the limit, nothing deleted, nothing left to do.
    expect(await stack.violations()).toEqual([])
    expect(stack.rows('miner', 'SELECT sector_number FROM sector_numbers')).toHaveLength(deals)

    // Every kill was a death that the supervisor saw, and nothing is left of the dead.
    const died = stack.told.filter(({ event }) => event === 'restarted').map(({ service }) => service)
    expect(died.sort()).toEqual(['devnet', 'miner', 'provider', 'redis', 'sealer', 'worker-1', 'worker-1'])
    expect(await stack.stop()).toBe(0)
    expect(processesOf(home)).toEqual([])
  })
})
