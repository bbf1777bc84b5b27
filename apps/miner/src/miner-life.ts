import { join } from 'node:path'
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { ChainPort } from '@sealane/chain'
import {
  type FileServer,
  type GrpcServer,
  grpcService,
  Health,
  halt,
  hostAndPort,
  InjectConfig,
  Log,
  liveIdentity,
  Metrics,
  type OperatorServer,
  serveGrpc,
  serveOperator,
} from '@sealane/host'
import { minerOperator, minerV1, workV1 } from '@sealane/proto'
import { ChainWatch } from './chain-watch/chain-watch.js'
import type { MinerConfig } from './config.js'
import { MinerDb } from './database.js'
import { MinerService } from './grpc/miner-service.js'
import { MinerInit } from './init/miner-init.js'
import { Messager } from './messages/messager.js'
import { OwnMessagesFirst } from './messages/own-messages-first.js'
import { MinerOperator } from './operator/operator-handlers.js'
import { PreCommits } from './precommit/pre-commits.js'
import { ProofCheck } from './proofs/proof-check.js'
import { ProveCommits } from './prove-commit/prove-commits.js'
import { Publications } from './publish/publications.js'
import { StateLock } from './state-lock.js'
import {
  PostQueue,
  PostWork,
  startMinerHub,
  VanillaFiles,
  WindowPost,
  workService,
} from './window-post/index.js'

/** Starts the rooms and the servers with the application, and ends them with it. */
@Injectable()
export class MinerLife implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #servers: (GrpcServer | FileServer | OperatorServer)[] = []

  constructor(
    @InjectConfig() private readonly config: MinerConfig,
    private readonly db: MinerDb,
    private readonly stateLock: StateLock,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly messager: Messager,
    private readonly ownFirst: OwnMessagesFirst,
    private readonly minerInit: MinerInit,
    private readonly publications: Publications,
    private readonly preCommits: PreCommits,
    private readonly proveCommits: ProveCommits,
    private readonly windowPost: WindowPost,
    private readonly post: PostWork,
    private readonly vanilla: VanillaFiles,
    private readonly queue: PostQueue,
    private readonly proofs: ProofCheck,
    private readonly service: MinerService,
    private readonly operator: MinerOperator,
    private readonly log: Log,
    private readonly health: Health,
    private readonly metrics: Metrics,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { config, log } = this
    const tls = liveIdentity(config.tls.dir, 'miner', { health: this.health, log })
    this.#servers.push(
      await serveOperator({
        api: minerOperator,
        handlers: this.operator.handlers(),
        socketPath: join(config.paths.runtime_dir, 'miner.sock'),
        metrics: this.metrics,
        log,
      }),
      await serveGrpc({
        services: [
          grpcService(minerV1.MinerServiceDefinition, this.service.implementation(), ['sealer']),
          grpcService(workV1.WorkServiceDefinition, workService(this.post), ['worker']),
        ],
        address: config.grpc.listen,
        tls,
        log,
      }),
      await startMinerHub({ ...hostAndPort(config.hub.listen), tls, files: this.vanilla, log }),
    )
    const end = this.watch.onHead(() => {
      end()
      this.#checkKeySet()
    })
    this.watch.start()
    for (const room of this.#rooms()) room.start()
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()))
    await Promise.all([...this.#rooms().map((room) => room.stop()), this.watch.stop(), this.chain.close()])
    // Host's queues; the room's own port names only what it uses.
    if ('close' in this.queue && typeof this.queue.close === 'function') await this.queue.close()
    await this.db.destroy()
    this.stateLock.lock.release()
  }

  #rooms() {
    return [
      this.messager,
      this.ownFirst,
      this.minerInit,
      this.publications,
      this.preCommits,
      this.proveCommits,
      this.windowPost,
    ]
  }

  /** Proof parameters of another network would refuse every proof: an own fault, told at once. */
  #checkKeySet(): void {
    try {
      const { name } = this.proofs.keySet()
      this.health.room('proof keys').green()
      this.log.info('proof keys', { keySet: name })
    } catch (error) {
      halt(error)
    }
  }
}
