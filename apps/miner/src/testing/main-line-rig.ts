import { join } from 'node:path'
import type { minerV1 } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb } from '../database.js'
import { EventStore, type Fact } from '../events/event-store.js'
import { MinerService } from '../grpc/miner-service.js'
import { MinerInit } from '../init/miner-init.js'
import { Keystore } from '../wallet/keystore.js'
import { type DevnetProcess, startDevnet } from './devnet-process.js'
import { startRooms } from './miner-context.js'

export type FactOf<Case extends Fact['$case']> = Extract<Fact, { $case: Case }>['value']

/** How long a test waits for one fact of a life on the devnet. Unit: ms. */
const PATIENCE = { deadlineMs: 120_000 }

/** A devnet process and the miner's rooms over it, with what tests of the main line ask of both. */
export class MainLineRig {
  private constructor(
    private readonly directory: string,
    readonly devnet: DevnetProcess,
    public rooms: Awaited<ReturnType<typeof startRooms>>,
  ) {}

  static async open(directory: string): Promise<MainLineRig> {
    const devnet = await startDevnet(join(directory, 'devnet'))
    const rig = new MainLineRig(directory, devnet, await startRooms(directory, devnet.nodes))
    await rig.#heard()
    return rig
  }

  get service(): minerV1.MinerServiceImplementation {
    return this.rooms.context.get(MinerService).implementation()
  }

  /** Ends the rooms and starts them again over the same state, or what `between` makes of it. */
  async restart(between: () => void = () => {}): Promise<void> {
    await this.rooms.stop()
    between()
    this.rooms = await startRooms(this.directory, this.devnet.nodes)
    await this.#heard()
  }

  /** Makes the miner actor, its keys funded. */
  async init(sectorSize: bigint): Promise<void> {
    const init = this.rooms.context.get(MinerInit)
    const wish = {
      sectorSize,
      peerId: '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
      multiaddrs: ['/ip4/127.0.0.1/tcp/1'],
    }
    await init.init(wish)
    for (const { address } of this.rooms.context.get(Keystore).list())
      await this.devnet.fundTo(address, 20n * 10n ** 18n)
    await until(
      'init is done',
      () => init.init(wish),
      (state) => state.state === 'done',
      PATIENCE,
    )
  }

  async facts(): Promise<Fact[]> {
    const facts: Fact[] = []
    for (let after = 0; ; ) {
      const batch = await this.rooms.context.get(EventStore).after(after)
      if (batch.length === 0) return facts
      for (const { sequence, fact } of batch) {
        after = sequence
        if (fact !== undefined) facts.push(fact)
      }
    }
  }

  /** All told facts of that kind which `wanted` picks. */
  async all<Case extends Fact['$case']>(
    kind: Case,
    wanted: (value: FactOf<Case>) => boolean = () => true,
  ): Promise<FactOf<Case>[]> {
    return (await this.facts()).flatMap((fact) =>
      fact.$case === kind && wanted(fact.value as FactOf<Case>) ? [fact.value as FactOf<Case>] : [],
    )
  }

  /** The `count`-th fact of that kind, once it is told. */
  async told<Case extends Fact['$case']>(
    kind: Case,
    wanted: (value: FactOf<Case>) => boolean = () => true,
    count = 1,
  ): Promise<FactOf<Case>> {
    const look = async () => {
      const found = await this.all(kind, wanted)
      const messages = await this.rooms.context
        .get(MinerDb)
        .selectFrom('messages')
        .select(['class', 'state', 'why', 'exit_code'])
        .execute()
      const kinds = (await this.facts()).map(({ $case }) => $case)
      return {
        found: found[count - 1],
        kinds,
        messages,
        head: this.rooms.context.get(ChainWatch).head?.height,
      }
    }
    const { found } = await until(
      `told ${kind} (${count})`,
      look,
      (state) => state.found !== undefined,
      PATIENCE,
    )
    if (found === undefined) throw new Error(`${kind} was not told`)
    return found
  }

  async stop(): Promise<void> {
    await this.rooms.stop()
    await this.devnet.stop()
  }

  async #heard(): Promise<void> {
    await until(
      'the head is heard',
      async () => this.rooms.context.get(ChainWatch).head?.height,
      (height) => height !== undefined,
    )
  }
}
