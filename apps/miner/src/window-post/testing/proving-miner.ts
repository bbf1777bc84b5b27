import 'reflect-metadata'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { NestFactory } from '@nestjs/core'
import { ChainPort } from '@sealane/chain'
import {
  createAuthority,
  createLog,
  createQueues,
  grpcService,
  Health,
  hostModule,
  type Identity,
  issueCertificate,
  loadConfig,
  loadIdentity,
  Metrics,
  serveGrpc,
  silentLog,
} from '@sealane/host'
import { workV1 } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { ChainWatch } from '../../chain-watch/chain-watch.js'
import { minerConfig } from '../../config.js'
import { MinerDb } from '../../database.js'
import { EventStore, type Fact } from '../../events/event-store.js'
import { MinerService } from '../../grpc/miner-service.js'
import { MinerInit } from '../../init/miner-init.js'
import { Messager } from '../../messages/messager.js'
import { minerProviders } from '../../miner-providers.js'
import { MinerActor } from '../../network/miner-actor.js'
import { PreCommits } from '../../precommit/pre-commits.js'
import { ProveCommits } from '../../prove-commit/prove-commits.js'
import { StateLock } from '../../state-lock.js'
import { type DevnetProcess, startDevnet } from '../../testing/devnet-process.js'
import { sealer } from '../../testing/seal-sector.js'
import { version } from '../../version.js'
import { Keystore } from '../../wallet/keystore.js'
import { startMinerHub } from '../miner-hub.js'
import type { PartitionRow } from '../partition-row.js'
import { PostWork, workService } from '../post-work.js'
import { VanillaFiles } from '../vanilla-files.js'
import { WindowPost } from '../window-post.js'
import { PostQueue, WindowPostOptions } from '../window-post-options.js'
import { windowPostProviders } from '../window-post-providers.js'
import { PostWorker, type PostWorkerOptions } from './post-worker.js'

const FIL = 10n ** 18n
const SECTOR_SIZE = 2048n
const patience = { deadlineMs: 90_000 }

/** The rooms of the miner with their servers, over one state directory. */
export type ProvingRooms = Awaited<ReturnType<typeof startProvingRooms>>

export async function startProvingRooms(o: {
  directory: string
  nodes: string
  redisUrl: string
  tls: { miner: Identity }
  flags?: readonly string[]
  options?: Partial<WindowPostOptions>
}) {
  const stateDir = join(o.directory, 'miner')
  const flags = ['--publish-period', '1s', ...(o.flags ?? [])]
  const argv = ['--state-dir', stateDir, '--chain-nodes', o.nodes, '--home-redis-url', o.redisUrl, ...flags]
  const { values } = loadConfig(minerConfig, { argv, env: {} })
  const level = process.env.SEALANE_TEST_LOG
  const log = level === undefined ? silentLog() : createLog({ name: 'miner', level: 'info' })
  const health = new Health()
  const queues = createQueues({ url: o.redisUrl, name: 'home', log })
  const host = hostModule({ log, health, metrics: new Metrics({ processMetrics: false }), config: values })
  const options = Object.assign(new WindowPostOptions(), { stateDir, version }, o.options)
  class Rooms {}
  const context = await NestFactory.createApplicationContext(
    {
      module: Rooms,
      imports: [host],
      providers: [
        ...minerProviders,
        ...windowPostProviders,
        { provide: WindowPostOptions, useValue: options },
        { provide: PostQueue, useValue: queues },
      ],
    },
    { logger: false, abortOnError: false },
  )
  const rooms = [
    context.get(Messager),
    context.get(MinerInit),
    context.get(PreCommits),
    context.get(ProveCommits),
    context.get(WindowPost),
  ]
  const watch = context.get(ChainWatch)
  const hub = await startMinerHub({
    host: '127.0.0.1',
    port: 0,
    tls: o.tls.miner,
    files: context.get(VanillaFiles),
    log,
  })
  const socketDir = join(o.directory, 'run')
  mkdirSync(socketDir, { recursive: true, mode: 0o700 })
  const grpcAddress = `unix:${join(socketDir, 'grpc')}`
  const grpc = await serveGrpc({
    services: [grpcService(workV1.WorkServiceDefinition, workService(context.get(PostWork)), ['worker'])],
    address: grpcAddress,
    log,
  })
  watch.start()
  for (const room of rooms) room.start()
  return {
    context,
    health,
    grpcAddress,
    hubUrl: `https://127.0.0.1:${hub.port}`,
    stop: async () => {
      await Promise.all([
        grpc.close(),
        hub.close(),
        ...rooms.map((room) => room.stop()),
        watch.stop(),
        context.get(ChainPort).close(),
      ])
      await queues.close()
      await context.get(MinerDb).destroy()
      context.get(StateLock).lock.release()
      await context.close()
    },
  }
}

/** A devnet and a miner actor on it, with committed-capacity sectors sealed for real up to the trapdoor's C2. */
export class ProvingMiner {
  rooms: ProvingRooms
  readonly sectors = new Map<number, string>()
  #hired = 0
  /** Whether epochs pass by `whileTicking`, and whether they are held back. */
  #ticking = false
  #chainWaits = false

  private constructor(
    readonly directory: string,
    readonly devnet: DevnetProcess,
    readonly redisUrl: string,
    readonly tls: { miner: Identity; worker: Identity },
    private readonly start: (changes?: Partial<WindowPostOptions>) => Promise<ProvingRooms>,
    rooms: ProvingRooms,
  ) {
    this.rooms = rooms
  }

  static async open(o: {
    directory: string
    redisUrl: string
    devnetFlags?: readonly string[]
    flags?: readonly string[]
    options?: Partial<WindowPostOptions>
  }): Promise<ProvingMiner> {
    const { directory, redisUrl, flags = [] } = o
    const tlsDir = join(directory, 'tls')
    await createAuthority(tlsDir)
    for (const role of ['miner', 'worker']) await issueCertificate(tlsDir, { role, name: role })
    const tls = { miner: loadIdentity(tlsDir, 'miner'), worker: loadIdentity(tlsDir, 'worker') }
    const devnet = await startDevnet(join(directory, 'devnet'), o.devnetFlags)
    const start = async (changes: Partial<WindowPostOptions> = {}) =>
      await startProvingRooms({
        directory,
        nodes: devnet.nodes,
        redisUrl,
        tls,
        flags,
        options: { ...o.options, ...changes },
      })
    const miner = new ProvingMiner(directory, devnet, redisUrl, tls, start, await start())
    const manual = o.devnetFlags?.includes('manual') === true
    await (manual ? miner.whileTicking(miner.#init()) : miner.#init())
    return miner
  }

  /** A worker at work for this miner; its one path holds all sectors sealed so far, or those named. The test stops it. */
  async hire(
    o: Partial<PostWorkerOptions> & { path?: string; holds?: readonly number[] } = {},
  ): Promise<PostWorker> {
    const { path = 'path-a', holds, ...changes } = o
    const held = [...this.sectors].filter(([sector]) => holds?.includes(sector) ?? true)
    this.#hired += 1
    const name = `w${this.#hired}`
    const worker = new PostWorker({
      name,
      grpc: this.rooms.grpcAddress,
      hubUrl: this.rooms.hubUrl,
      tls: this.tls.worker,
      redisUrl: this.redisUrl,
      scratch: join(this.directory, `worker-${name}`),
      paths: [{ storageId: path, sectors: holds === undefined ? this.sectors : new Map(held) }],
      ...changes,
    })
    await worker.start()
    return worker
  }

  async restart(changes?: Partial<WindowPostOptions>): Promise<void> {
    await this.rooms.stop()
    await this.begin(changes)
  }

  async begin(changes?: Partial<WindowPostOptions>): Promise<void> {
    this.rooms = await this.start(changes)
  }

  async stop(): Promise<void> {
    await this.rooms.stop()
    await this.devnet.stop()
  }

  /** Lets epochs pass, as `devnet advance` does; without `force` the chain waits for our PoSts. */
  async advance(epochs: number, force = false): Promise<void> {
    await this.devnet.admin('Devnet.Advance', [epochs, force])
  }

  /**
   * With a devnet in clock `manual`: one epoch at a time until `done`, a few milliseconds each, as a chain goes on by itself.
   */
  async whileTicking<T>(work: Promise<T>): Promise<T> {
    let over = false
    this.#ticking = true
    const ticking = (async () => {
      while (!over) {
        if (!this.#chainWaits) await this.advance(1)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    })()
    try {
      return await work
    } finally {
      over = true
      await ticking
      this.#ticking = false
    }
  }

  /** With clock `manual`: lets the chain reach an epoch, and the miner see it. */
  async goTo(epoch: number): Promise<void> {
    const { height } = await this.devnet.chain.head()
    if (epoch > height) await this.advance(epoch - height)
    const watch = this.rooms.context.get(ChainWatch)
    await until(
      `epoch ${epoch} is seen`,
      () => watch.head?.height ?? -1,
      (seen) => seen >= epoch,
      patience,
    )
  }

  async power(): Promise<bigint> {
    const { address } = await this.rooms.context.get(MinerActor).require()
    return (await this.devnet.chain.minerPower(address)).minerPower.rawBytePower
  }

  async rows(): Promise<PartitionRow[]> {
    return await this.rooms.context
      .get(MinerDb)
      .selectFrom('partitions')
      .selectAll()
      .orderBy('close')
      .execute()
  }

  /** The newest rows once they look as wanted. */
  async row(what: string, wanted: (row: PartitionRow) => boolean): Promise<PartitionRow> {
    let found: PartitionRow | undefined
    const look = async () => {
      found = (await this.rows()).findLast(wanted)
      return { found: found !== undefined, ...(await this.shown()) }
    }
    await until(what, look, (state) => state.found, patience)
    if (found === undefined) throw new Error(`no row: ${what}`)
    return found
  }

  async #init(): Promise<void> {
    const init = this.rooms.context.get(MinerInit)
    await until(
      'the head is heard',
      () => this.rooms.context.get(ChainWatch).head?.height,
      (height) => height !== undefined,
    )
    const wish = {
      sectorSize: SECTOR_SIZE,
      peerId: '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
      multiaddrs: [],
    }
    await init.init(wish)
    const keys = this.rooms.context.get(Keystore)
    for (const name of ['owner', 'worker', 'control-post'])
      await this.devnet.fundTo(keys.named(name)?.address ?? '', 50n * FIL)
    await until(
      'init is done',
      () => init.init(wish),
      ({ state }) => state === 'done',
      patience,
    )
  }

  /** Seals committed-capacity sectors and proves them on chain; returns their numbers. Their files are in `sectors`. */
  async seal(count: number): Promise<number[]> {
    const service = this.rooms.context.get(MinerService).implementation()
    const call = {} as never
    const { id } = await this.rooms.context.get(MinerActor).require()
    const requestId = `test-${this.sectors.size}`
    const { sectorNumbers } = await service.allocateSectorNumbers({ requestId, count, highestKnown: 0 }, call)
    const numbers = (sectorNumbers ?? []).map(Number)
    const envelope = (sectorNumber: number, step: string) => ({
      requestId: `s${sectorNumber}-${step}-1`,
      sectorNumber,
      step,
      turn: 1,
      coordinatorEpoch: 1,
    })
    const works = []
    for (const sectorNumber of numbers) {
      const directory = join(this.directory, `sector-${sectorNumber}`)
      const work = sealer(directory, { minerId: id, sectorNumber, sectorSize: SECTOR_SIZE })
      const drawn = await service.drawTicket({ sectorNumber }, call)
      const ticket = drawn.ticket as Uint8Array
      const sealed = await work.preCommit(undefined, ticket)
      const { commR, commD } = sealed
      const answer = await service.submitPreCommit(
        {
          envelope: envelope(sectorNumber, 'preCommit'),
          commR,
          commD,
          committedCapacity: true,
          ticketEpoch: Number(drawn.epoch),
          ticket,
          pieces: [],
          prover: 'trapdoor',
        },
        call,
      )
      if (answer.refusal !== undefined) throw new Error(answer.refusal.text)
      this.sectors.set(sectorNumber, directory)
      works.push({ sectorNumber, work, sealed, ticket })
    }
    const requests = []
    for (const { sectorNumber, work, sealed, ticket } of works) {
      const { seed, seedEpoch } = await this.told('seedReady', (value) => value.sectorNumber === sectorNumber)
      const proof = await work.prove({ ticket, seed, sealed })
      const { commR, commD } = sealed
      requests.push({
        envelope: envelope(sectorNumber, 'proveCommit'),
        proof,
        commR,
        commD,
        ticket,
        seed,
        seedEpoch,
        pieces: [],
        prover: 'trapdoor',
      })
    }
    // In one block, so that the chain gives them one deadline: on a busy machine it would hurry past it between two.
    this.#chainWaits = this.#ticking
    try {
      const answers = await Promise.all(requests.map((request) => service.submitProveCommit(request, call)))
      for (const { refusal } of answers) if (refusal !== undefined) throw new Error(refusal.text)
      const inPool = async () => {
        const pending = await this.devnet.chain.mpoolPending()
        return pending.filter(({ message }) => message.method === 34).length
      }
      if (this.#chainWaits)
        await until('all ProveCommits are in the pool', inPool, (waiting) => waiting === count, patience)
    } finally {
      this.#chainWaits = false
    }
    return numbers
  }

  async facts(): Promise<Fact[]> {
    return (await this.rooms.context.get(EventStore).after(0)).flatMap(({ fact }) =>
      fact === undefined ? [] : [fact],
    )
  }

  /** The newest fact of a kind that `wanted` picks, once there is one. */
  async told<Case extends Fact['$case'], Value = Extract<Fact, { $case: Case }>['value']>(
    kind: Case,
    wanted: (value: Value) => boolean = () => true,
  ): Promise<Value> {
    let found: Value | undefined
    const look = async () => {
      const facts = await this.facts()
      found = facts
        .filter(({ $case }) => $case === kind)
        .map(({ value }) => value as Value)
        .findLast(wanted)
      return { told: found !== undefined, kinds: facts.map(({ $case }) => $case), ...(await this.shown()) }
    }
    await until(`told ${kind}`, look, ({ told }) => told, patience)
    if (found === undefined) throw new Error(`${kind} was not told`)
    return found
  }

  /** What a failed wait should print. */
  async shown() {
    const db = this.rooms.context.get(MinerDb)
    const partitions = await db
      .selectFrom('partitions')
      .select(['period_start', 'deadline', 'partition', 'state', 'turn', 'open', 'why', 'failure', 'done'])
      .orderBy('close', 'desc')
      .limit(6)
      .execute()
    const messages = await db
      .selectFrom('messages')
      .select(['class', 'state', 'why', 'exit_code', 'included_epoch'])
      .orderBy('created_ms', 'desc')
      .limit(6)
      .execute()
    const claims = await db
      .selectFrom('claims')
      .select(['row', 'turn', 'task', 'state', 'worker_id'])
      .limit(8)
      .execute()
    const health = this.rooms.health.report()
    return {
      head: this.rooms.context.get(ChainWatch).head?.height,
      partitions,
      messages,
      claims,
      red: health.rooms.filter(({ ok }) => !ok),
    }
  }
}
