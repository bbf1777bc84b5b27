import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common'
import {
  type FileServer,
  Health,
  Log,
  liveIdentity,
  Metrics,
  type OperatorServer,
  type Queues,
  type Repeated,
  repeatedly,
  serveOperator,
} from '@sealane/host'
import { providerOperator } from '@sealane/proto'
import { type HeldLock, type Outbox, writing } from '@sealane/sql'
import type { AskBook } from './asks/ask-book.js'
import type { ProviderConfig } from './config.js'
import type { CrossingLink } from './crossing/crossing-link.js'
import { servePieces } from './crossing/piece-server.js'
import type { DealListener } from './deals/deal-listener.js'
import type { DealSelection } from './deals/deal-selection.js'
import type { DealStore } from './deals/deal-store.js'
import type { ExpireDeals } from './deals/expire-deals.js'
import type { Ledger } from './deals/ledger.js'
import type { MinerAddress } from './deals/miner-address.js'
import type { OperatorRoom } from './operator/operator-handlers.js'
import type { PeerRules } from './peers/peer-rules.js'
import type { EmptyStaging } from './staging/empty-staging.js'
import type { LostFiles } from './staging/lost-files.js'
import type { Staging } from './staging/staging.js'
import type { TransferRunner } from './transfer/transfer-runner.js'

/** How often the chain is looked at for deals whose time is over, and the ask for its signature. Unit: ms. */
const tendEveryMs = 5_000

/** What ProviderLife starts and stops. */
export interface ProviderRooms {
  readonly config: ProviderConfig
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Log
  readonly lock: HeldLock
  readonly miner: MinerAddress
  readonly deals: DealStore
  readonly ledger: Ledger
  readonly staging: Staging
  readonly emptyStaging: EmptyStaging
  readonly lostFiles: LostFiles
  readonly expire: ExpireDeals
  readonly runner: TransferRunner
  readonly outbox: Outbox
  readonly queues: Queues
  readonly crossing: CrossingLink
  readonly asks: AskBook
  readonly selection: DealSelection
  readonly peerRules: PeerRules
  readonly host: Libp2p
  readonly listener: DealListener
  readonly operator: OperatorRoom
}

/** Starts the rooms in the order in which they need each other, and stops them in the opposite one. */
export class ProviderLife implements OnApplicationBootstrap, OnApplicationShutdown {
  #pieces: FileServer | undefined
  #operator: OperatorServer | undefined
  #tending: Repeated | undefined

  constructor(readonly rooms: ProviderRooms) {}

  /** The port of the piece server. */
  get piecesPort(): number | undefined {
    return this.#pieces?.port
  }

  async onApplicationBootstrap(): Promise<void> {
    const { config, miner, selection, staging, runner, crossing, host, listener } = this.rooms
    await staging.open()
    await miner.load()
    await selection.load()
    await this.rooms.peerRules.load()
    await this.#reconcile()
    this.#pieces = await this.#servePieces()
    crossing.start()
    await runner.start()
    await listener.listen()
    await host.start()
    this.#operator = await this.#serveOperator()
    this.rooms.emptyStaging.start()
    this.#tending = this.#tend()
    this.rooms.log.info('provider is up', {
      peerId: host.peerId.toString(),
      listening: host.getMultiaddrs().map(String),
      pieces: `${config.pieces.listen.replace(/:\d+$/, '')}:${this.piecesPort}`,
    })
  }

  async onApplicationShutdown(): Promise<void> {
    const { runner, crossing, queues, host, emptyStaging, deals, lock } = this.rooms
    await this.#tending?.close()
    await Promise.all([
      this.#operator?.close(),
      this.#pieces?.close(),
      host.stop(),
      runner.stop(),
      crossing.stop(),
    ])
    await emptyStaging.stop()
    await queues.close()
    await deals.db.destroy()
    lock.release()
  }

  /** Rows are the truth: sums are added up again, files are held against rows. */
  async #reconcile(): Promise<void> {
    const { deals, ledger, emptyStaging, lostFiles } = this.rooms
    await writing(deals.db, async (trx) => {
      await ledger.recount(trx)
    })
    await lostFiles.ask(await emptyStaging.reconcile())
  }

  async #servePieces(): Promise<FileServer> {
    const { config, deals, staging, health, log } = this.rooms
    const { host, port } = hostAndPort(config.pieces.listen)
    const tls = liveIdentity(config.tls.dir, 'provider', { health, log })
    return await servePieces({ host, port, tls, db: deals.db, staging, log: log.child({ room: 'pieces' }) })
  }

  async #serveOperator(): Promise<OperatorServer> {
    const { config, operator, metrics, log } = this.rooms
    const { listen, jwt_secret } = config.operator
    return await serveOperator({
      api: providerOperator,
      handlers: operator.handlers(),
      socketPath: join(config.paths.runtime_dir, 'provider.sock'),
      ...(listen === ''
        ? {}
        : {
            tcp: { ...hostAndPort(listen), tls: liveIdentity(config.tls.dir, 'provider') },
            ...(jwt_secret === undefined ? {} : { jwtSecret: jwt_secret }),
          }),
      metrics,
      log: log.child({ room: 'operator' }),
    })
  }

  #tend(): Repeated {
    const { expire, lostFiles, asks, log } = this.rooms
    const run = async () => {
      await lostFiles.sweep()
      await expire.sweep()
      await asks.ensureFirst()
    }
    return repeatedly({ name: 'tending', everyMs: tendEveryMs, run, log })
  }
}

function hostAndPort(listen: string): { host: string; port: number } {
  const at = listen.lastIndexOf(':')
  return { host: listen.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(listen.slice(at + 1)) }
}
