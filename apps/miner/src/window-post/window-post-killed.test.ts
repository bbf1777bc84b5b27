import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { decodeSignedMessage, signedMessageCid } from '@sealane/actors'
import { freePort, operatorClient } from '@sealane/host'
import { minerOperator } from '@sealane/proto'
import { openDatabase } from '@sealane/sql'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MinerTables } from '../database.js'
import { ProvingMiner } from './testing/proving-miner.js'

const MINUTES = 60_000
/** The built program: only a process can be killed. */
const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

describe('the miner process killed -9 in each state of a partition', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const redis = localRedis()
  let miner: ProvingMiner
  let child: ChildProcess | undefined
  let grpc = ''
  let hub = ''
  const operator = operatorClient(minerOperator, { socketPath: join(directory, 'run', 'miner.sock') })

  beforeAll(async () => {
    miner = await ProvingMiner.open({ directory, redisUrl: redis.url, devnetFlags: ['--clock', 'manual'] })
    await miner.whileTicking(miner.seal(2))
    await miner.rooms.stop()
    grpc = `127.0.0.1:${await freePort()}`
    hub = `127.0.0.1:${await freePort()}`
    await start()
  }, 3 * MINUTES)
  afterAll(async () => {
    child?.kill('SIGKILL')
    await miner?.devnet.stop()
  })

  async function start(): Promise<void> {
    const flags = {
      'state-dir': join(directory, 'miner'),
      'runtime-dir': join(directory, 'run'),
      'tls-dir': join(directory, 'tls'),
      'chain-nodes': miner.devnet.nodes,
      'home-redis-url': redis.url,
      'grpc-listen': grpc,
      'hub-listen': hub,
      'log-file': join(directory, 'miner.log'),
    }
    child = spawn(
      process.execPath,
      [program, 'run', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])],
      {
        stdio: 'ignore',
      },
    )
    await until(
      'the miner answers',
      () => operator.status({}),
      ({ headEpoch }) => headEpoch !== null,
      { deadlineMs: 30_000 },
    )
  }
  async function kill(): Promise<void> {
    const dead = new Promise((resolve) => child?.once('exit', resolve))
    child?.kill('SIGKILL')
    await dead
    await start()
  }
  const newest = async () =>
    (await operator['proving.partitions']({})).filter(({ sectors }) => sectors.length === 2).at(0)
  const row = async (open: number) =>
    (await operator['proving.partitions']({})).find((one) => one.open === open)
  const reaches = async (open: number, state: string) =>
    await until(
      `${state}`,
      () => row(open),
      (one) => one?.state === state,
      { deadlineMs: 60_000 },
    )
  async function goTo(epoch: number): Promise<void> {
    const { height } = await miner.devnet.chain.head()
    if (epoch > height) await miner.advance(epoch - height)
    await until(
      `epoch ${epoch} is seen`,
      () => operator.status({}),
      ({ headEpoch }) => (headEpoch ?? -1) >= epoch,
      { deadlineMs: 60_000 },
    )
  }

  it('goes on each time, and sends one message', async () => {
    const duty = await miner.whileTicking(
      until('planned', newest, (one) => one?.state === 'Waiting', { deadlineMs: 60_000 }),
    )
    if (duty === undefined) throw new Error('no duty')
    const gates = {
      'post.vanilla': Promise.withResolvers<void>(),
      'post.snark': Promise.withResolvers<void>(),
    }
    const claimed: string[] = []
    const worker = await miner.hire({
      grpc,
      hubUrl: `https://${hub}`,
      onClaim: async (task) => {
        claimed.push(task)
        await gates[task as keyof typeof gates].promise
      },
    })
    const { open, challenge } = duty
    await goTo(challenge - 3)
    await kill()
    await goTo(challenge + 2)
    await reaches(open, 'Collecting')
    await until(
      'claimed',
      () => claimed,
      (tasks) => tasks.includes('post.vanilla'),
      { deadlineMs: 30_000 },
    )
    await kill()
    gates['post.vanilla'].resolve()
    await reaches(open, 'Proving')
    await until(
      'claimed',
      () => claimed,
      (tasks) => tasks.includes('post.snark'),
      { deadlineMs: 30_000 },
    )
    await kill()
    gates['post.snark'].resolve()
    await goTo(open + 1)
    await reaches(open, 'Proved')
    await kill()
    await goTo(open + 5)
    await reaches(open, 'Submitted')
    await kill()
    const accepted = await miner.whileTicking(reaches(open, 'Accepted'))
    expect(accepted?.skipped).toEqual([])
    await kill()
    expect((await row(open))?.state).toBe('Accepted')
    await worker.stop()

    // No nonce was signed twice with other content, and the stored bytes are the stored names'.
    expect(existsSync(join(directory, 'miner', 'miner.db'))).toBe(true)
    const db = await openDatabase<MinerTables>(`sqlite:${join(directory, 'miner', 'miner.db')}`)
    const messages = await db.selectFrom('messages').selectAll().where('class', '=', 'windowPost').execute()
    expect(messages.map(({ state, exit_code }) => ({ state, exit_code }))).toEqual([
      { state: 'Confirmed', exit_code: 0 },
    ])
    const signings = await db.selectFrom('signings').selectAll().where('replaces', 'is', null).execute()
    for (const signing of signings)
      expect(signedMessageCid(decodeSignedMessage(signing.signed))).toBe(signing.cid)
    const nonces = signings.map(({ from_address, nonce }) => `${from_address}/${nonce}`)
    expect(new Set(nonces).size).toBe(nonces.length)
    await db.destroy()
  })

  it('is killed again and again at odd moments of the next period, and proves that too', async () => {
    const worker = await miner.hire({
      grpc,
      hubUrl: `https://${hub}`,
    })
    const { height } = await miner.devnet.chain.head()
    const duty = await miner.whileTicking(
      until('planned', newest, (one) => one?.state === 'Waiting' && one.open > height, {
        deadlineMs: 60_000,
      }),
    )
    if (duty === undefined) throw new Error('no duty')
    await goTo(duty.challenge - 2)
    const accepted = miner.whileTicking(
      (async () => {
        for (const pauseMs of [0, 60, 150, 290, 430]) {
          await new Promise((resolve) => setTimeout(resolve, pauseMs))
          await kill()
        }
        return await reaches(duty.open, 'Accepted')
      })(),
    )
    expect((await accepted)?.skipped).toEqual([])
    await worker.stop()
  })
})
