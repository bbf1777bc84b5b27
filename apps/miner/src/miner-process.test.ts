import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  createAuthority,
  freePort,
  grpcChannel,
  grpcClient,
  issueCertificate,
  loadIdentity,
  operatorClient,
} from '@sealane/host'
import { minerOperator, minerV1 } from '@sealane/proto'
import { BusyNode, localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type DevnetProcess, startDevnet } from './testing/devnet-process.js'

/** The built program: starting, halting and stopping are a process's. */
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const peerId = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'

describe('sealane-miner as a process', { timeout: 120_000 }, () => {
  const root = temporaryDirectory()
  const redis = localRedis()
  const tls = join(root, 'tls')
  let devnet: DevnetProcess
  const children: ChildProcess[] = []

  beforeAll(async () => {
    await createAuthority(tls)
    for (const role of ['miner', 'sealer', 'worker']) await issueCertificate(tls, { role })
    devnet = await startDevnet(join(root, 'devnet'))
  }, 120_000)
  afterEach(async () => {
    for (const child of children.splice(0))
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
  })
  afterAll(async () => {
    await devnet?.stop()
  })

  async function run(o: { nodes?: string; redisUrl?: string; directory?: string; flags?: string[] } = {}) {
    const directory = o.directory ?? mkdtempSync(join(root, 'p-'))
    const grpc = `127.0.0.1:${await freePort()}`
    const config = join(directory, 'miner.toml')
    const toml = {
      paths: { state_dir: join(directory, 'state'), runtime_dir: join(directory, 'run') },
      tls: { dir: tls, required: false },
      chain: { nodes: o.nodes ?? devnet.nodes },
      home: { redis_url: o.redisUrl ?? redis.url },
      grpc: { listen: grpc },
      hub: { listen: `127.0.0.1:${await freePort()}` },
    }
    const lines = Object.entries(toml).map(
      ([section, keys]) =>
        `[${section}]\n${Object.entries(keys)
          .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
          .join('\n')}\n`,
    )
    writeFileSync(config, lines.join('\n'))
    const child = spawn(process.execPath, [program, 'run', '--config', config, ...(o.flags ?? [])], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    let stderr = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    const exited = new Promise<{ code: number | null; stderr: string }>((resolve) =>
      child.once('close', (code) => resolve({ code, stderr })),
    )
    const socketPath = join(directory, 'run', 'miner.sock')
    return {
      directory,
      grpc,
      child,
      exited,
      operator: operatorClient(minerOperator, { socketPath }),
      stderr: () => stderr,
    }
  }
  const rooms = async (miner: Awaited<ReturnType<typeof run>>) => {
    const health = await miner.operator.health({}).catch((error: Error) => ({
      ok: false,
      rooms: [{ room: 'operator', ok: false, reason: error.message }],
    }))
    return { health, stderr: miner.stderr().slice(-2_000) }
  }

  it('starts, makes its miner for the operator, serves the sealer, and stops within ten seconds', async () => {
    const miner = await run()
    await until(
      'all rooms are green',
      () => rooms(miner),
      ({ health }) => health.ok,
      { deadlineMs: 30_000 },
    )
    for (const [name, type] of [
      ['owner', 'secp256k1'],
      ['worker', 'bls'],
      ['control-post', 'bls'],
    ] as const) {
      const key = await miner.operator['wallet.new']({ name, type })
      expect(await miner.operator['wallet.new']({ name, type })).toMatchObject({ address: key.address })
      await devnet.fundTo(key.address, 20n * 10n ** 18n)
    }
    const wish = { sectorSize: '2048', peerId, multiaddrs: [] }
    const done = await until(
      'the miner exists',
      () => miner.operator.init(wish),
      ({ state }) => state === 'done',
      { deadlineMs: 60_000 },
    )
    expect(done.createMessageCid).toMatch(/^bafy2/)
    const identity = loadIdentity(tls, 'sealer')
    const sealer = grpcClient(
      minerV1.MinerServiceDefinition,
      grpcChannel({ address: miner.grpc, tls: identity, role: 'miner' }),
    )
    expect(await sealer.getStatus({})).toMatchObject({
      ready: true,
      miner: done.miner,
      sectorSize: 2048,
      waitingFor: '',
    })
    const worker = grpcClient(
      minerV1.MinerServiceDefinition,
      grpcChannel({ address: miner.grpc, tls: loadIdentity(tls, 'worker'), role: 'miner' }),
    )
    await expect(worker.getStatus({})).rejects.toThrow(/may not call/)
    const info = await miner.operator['actor.info']({})
    expect(info).toMatchObject({ miner: done.miner, rawPower: '0' })
    const list = await miner.operator['messages.list']({})
    expect(list.map(({ methodName, state }) => [methodName, state])).toEqual([
      ['CreateMiner', 'Confirmed'],
      ['ChangeWorkerAddress', 'Confirmed'],
    ])
    expect(await miner.operator['messages.get']({ id: done.createMessageCid ?? '' })).toMatchObject({
      uuid: list[0]?.uuid,
    })
    expect(await miner.operator['proving.info']({})).toMatchObject({ miner: done.miner, faults: 0 })

    const began = Date.now()
    miner.child.kill('SIGTERM')
    const { code } = await miner.exited
    expect(code).toBe(0)
    expect(Date.now() - began).toBeLessThan(10_000)
  })

  it('makes its miner through a node that takes no subscription, limits calls, hides its pool and lags', {
    timeout: 240_000,
  }, async () => {
    const busy = await BusyNode.start(devnet.nodes, {
      lagMs: 1_500,
      limitEvery: 60,
      replicaEvery: 5,
      webSockets: false,
      missing: ['MpoolPending'],
      forbidden: ['MpoolSetConfig'],
    })
    try {
      const miner = await run({ nodes: busy.nodes })
      const keys = [
        ['owner', 'secp256k1'],
        ['worker', 'bls'],
        ['control-post', 'secp256k1'],
      ] as const
      for (const [name, type] of keys) {
        const key = await until(
          `the key ${name}`,
          () => miner.operator['wallet.new']({ name, type }).catch(() => undefined),
          (made) => made !== undefined,
          { deadlineMs: 30_000 },
        )
        // The owner pays the others itself.
        if (name === 'owner') await devnet.fundTo(key?.address ?? '', 40n * 10n ** 18n)
        else
          await until(
            `the key ${name} to be paid`,
            () =>
              miner.operator['wallet.fund']({ address: key?.address ?? '', target: '5000000000000000000' }),
            (sent) => sent === null,
            { deadlineMs: 120_000 },
          )
      }
      const done = await until(
        'the miner exists',
        () => miner.operator.init({ sectorSize: '2048', peerId, multiaddrs: [] }),
        ({ state }) => state === 'done',
        { deadlineMs: 120_000 },
      )
      expect(done.createMessageCid).toMatch(/^bafy2/)
      const list = await miner.operator['messages.list']({})
      expect(list.map(({ methodName, state, nonce }) => [methodName, state, nonce])).toEqual([
        ['Send', 'Confirmed', 0],
        ['Send', 'Confirmed', 1],
        ['CreateMiner', 'Confirmed', 2],
        ['ChangeWorkerAddress', 'Confirmed', 3],
      ])
      expect([...busy.told.keys()].join('\n')).toMatch(/Too Many Requests/)
      miner.child.kill('SIGTERM')
      expect((await miner.exited).code).toBe(0)
    } finally {
      await busy.stop()
    }
  })

  it('stays up with its node and Redis away, says so, and goes on when the node comes', async () => {
    const listen = ['--listen', `127.0.0.1:${await freePort()}`]
    const home = join(root, 'late')
    const early = await startDevnet(home, listen)
    await early.stop()
    const miner = await run({ nodes: early.nodes, redisUrl: 'redis://127.0.0.1:1' })
    const lamp = (state: Awaited<ReturnType<typeof rooms>>, room: string) =>
      state.health.rooms.find((one) => one.room === room)
    const red = await until(
      'the chain is red',
      () => rooms(miner),
      (state) => !['', 'starting'].includes(lamp(state, 'chain')?.reason ?? ''),
      { deadlineMs: 30_000 },
    )
    expect(red.health.ok).toBe(false)
    expect(miner.child.exitCode).toBeNull()
    const late = await startDevnet(home, listen)
    try {
      await until(
        'the chain is green',
        () => rooms(miner),
        (state) => lamp(state, 'chain')?.ok === true,
        { deadlineMs: 60_000 },
      )
    } finally {
      await late.stop()
    }
    miner.child.kill('SIGTERM')
    expect((await miner.exited).code).toBe(0)
  })

  it('ends with one plain line for its own faults: an open keystore, a second process, a wrong setting', async () => {
    const directory = mkdtempSync(join(root, 'p-'))
    const first = await run({ directory })
    await until(
      'it serves',
      () => rooms(first),
      ({ health }) => health.rooms.length > 1,
      { deadlineMs: 30_000 },
    )
    expect(statSync(join(directory, 'state', 'keystore', 'identity.txt')).mode & 0o777).toBe(0o600)
    const second = await run({ directory, flags: ['--paths-runtime-dir', mkdtempSync(join(root, 'r-'))] })
    const locked = await second.exited
    expect(locked.code).toBe(78)
    expect(locked.stderr).toContain('LOCKED: ')
    first.child.kill('SIGTERM')
    await first.exited

    chmodSync(join(directory, 'state', 'keystore', 'identity.txt'), 0o644)
    const open = await (await run({ directory })).exited
    expect(open.code).toBe(78)
    expect(plainLines(open.stderr)).toHaveLength(1)
    expect(plainLines(open.stderr)[0]).toMatch(
      /^KEYSTORE: .*identity\.txt: is readable by other users; run: chmod 600/,
    )

    const wrong = await (await run({ flags: ['--publish-period', 'soon'] })).exited
    expect(wrong.code).toBe(78)
    expect(plainLines(wrong.stderr)).toEqual([
      'CONFIG: configuration: flag --publish-period: publish.period: "soon" is not a duration such as "10s" or "6h"',
    ])
  })

  it('halts on a chain that is not the one its database was made on', async () => {
    const directory = mkdtempSync(join(root, 'p-'))
    const first = await run({ directory })
    await until(
      'the head is heard',
      () => rooms(first),
      ({ health }) => health.rooms.some(({ room, ok }) => room === 'chain' && ok),
      { deadlineMs: 30_000 },
    )
    first.child.kill('SIGTERM')
    await first.exited
    mkdirSync(join(root, 'other'))
    const other = await startDevnet(join(root, 'other', 'devnet'))
    try {
      const strayed = await (await run({ directory, nodes: other.nodes })).exited
      expect(strayed.code).toBe(78)
      expect(strayed.stderr).toMatch(/WRONG_NETWORK: this database belongs to genesis/)
    } finally {
      await other.stop()
    }
    expect(existsSync(join(directory, 'run', 'miner.sock'))).toBe(false)
  })
})

/** What a person reads on standard error beside the log's JSON. */
function plainLines(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
}
