import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Libp2p } from '@libp2p/interface'
import { type DynamicModule, Module } from '@nestjs/common'
import { ChainPort, createChainClient } from '@sealane/chain'
import {
  CONFIG,
  createQueues,
  Health,
  Log,
  liveIdentity,
  Metrics,
  type Queues,
  tlsOptions,
} from '@sealane/host'
import { openOutbox } from '@sealane/sql'
import { AskBook } from './asks/ask-book.js'
import { ChainView } from './chain/chain-view.js'
import { Clock } from './clock.js'
import type { ProviderConfig } from './config.js'
import { CrossingLink } from './crossing/crossing-link.js'
import { Offers } from './crossing/offers.js'
import { TakeOutward } from './crossing/take-outward.js'
import { AdmitDeal } from './deals/admit-deal.js'
import { CancelDeal } from './deals/cancel-deal.js'
import { CollateralFunds } from './deals/collateral-funds.js'
import { DealFilter } from './deals/deal-filter.js'
import { DealListener } from './deals/deal-listener.js'
import { DealSelection } from './deals/deal-selection.js'
import { DealStore } from './deals/deal-store.js'
import { EndDeal } from './deals/end-deal.js'
import { ExpireDeals } from './deals/expire-deals.js'
import { ImportData } from './deals/import-data.js'
import { Ledger } from './deals/ledger.js'
import { MinerAddress } from './deals/miner-address.js'
import { RecordDeal } from './deals/record-deal.js'
import { openProviderDb } from './open-database.js'
import { OperatorRoom } from './operator/operator-handlers.js'
import { createHost } from './peers/create-host.js'
import { identityKey } from './peers/identity-key.js'
import { PeerDesk } from './peers/peer-desk.js'
import { PeerGate } from './peers/peer-gate.js'
import { PeerRules } from './peers/peer-rules.js'
import { RateLimit } from './peers/rate-limit.js'
import { ProviderLife, type ProviderRooms } from './provider-life.js'
import { EmptyStaging } from './staging/empty-staging.js'
import { LostFiles } from './staging/lost-files.js'
import { Staging } from './staging/staging.js'
import { AnswerStatus } from './status/answer-status.js'
import { AddressGuard } from './transfer/address-guard.js'
import { TransferDesk } from './transfer/transfer-desk.js'
import { TransferRunner } from './transfer/transfer-runner.js'
import { TransferStore } from './transfer/transfer-store.js'

/** A chain look-up that takes longer than this is not had: the client waits for our answer. Unit: ms. */
const chainTimeoutMs = 8_000

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

/** Holds the rooms of the provider. */
@Module({})
class ProviderModule {}

/** What takes the place of the world, for tests. */
export interface ProviderWorld {
  /** In place of the configured nodes. */
  readonly chain?: ChainPort
  readonly clock?: Clock
  /** How long a whole request may take to arrive, in place of 10 s. Unit: ms. */
  readonly readTimeoutMs?: number
}

/** The provider: meets clients, judges deals, receives and checks data, keeps it until home has it. Holds no wallet key. */
export function providerModule(o: ProviderWorld = {}): DynamicModule {
  const chain = {
    provide: ChainPort,
    useFactory: (config: ProviderConfig, log: Log) =>
      o.chain ??
      createChainClient({
        nodes: config.chain.nodes,
        timeoutMs: chainTimeoutMs,
        log: log.child({ room: 'chain' }),
      }),
    inject: [CONFIG, Log],
  }
  const life = {
    provide: ProviderLife,
    useFactory: async (config: ProviderConfig, port: ChainPort, log: Log, health: Health, metrics: Metrics) =>
      new ProviderLife(await furnish(config, port, log, health, metrics, o)),
    inject: [CONFIG, ChainPort, Log, Health, Metrics],
  }
  return { module: ProviderModule, providers: [chain, life], exports: [ProviderLife] }
}

/** Builds the rooms; nothing runs yet. */
async function furnish(
  config: ProviderConfig,
  port: ChainPort,
  log: Log,
  health: Health,
  metrics: Metrics,
  world: ProviderWorld,
): Promise<ProviderRooms> {
  const clock = world.clock ?? new Clock()
  const stateDir = config.paths.state_dir
  const { db, lock } = await openProviderDb(stateDir)
  const outbox = await openOutbox(db, { name: 'provider', now: clock.now() })
  const room = (name: string) => log.child({ room: name })

  const staging = new Staging(
    config.staging.dir || join(stateDir, 'staging'),
    config.staging.max_bytes,
    clock,
    room('staging'),
  )
  const chain = new ChainView(port, clock, health, room('chain'))
  const miner = new MinerAddress(db, config.miner.address, health)
  const offers = new Offers(outbox, clock)
  const asks = new AskBook(db, config, chain, miner, offers, clock, health, room('asks'))

  const deals = new DealStore(db, clock)
  const transfers = new TransferStore(db, clock)
  const ledger = new Ledger(db)
  const end = new EndDeal(deals, transfers, ledger, staging, offers, room('deals'))
  const funds = new CollateralFunds(chain, miner, ledger, config.deals.collateral_allowance_atto_fil)
  const imports = new ImportData(
    config.transfer.import_roots,
    deals,
    transfers,
    ledger,
    staging,
    funds,
    clock,
    room('deals'),
  )
  const emptyStaging = new EmptyStaging(deals, ledger, staging, room('staging'))
  const lostFiles = new LostFiles(deals, transfers, staging, offers, end)

  const peerRules = new PeerRules(db)
  const gate = new PeerGate(config.libp2p, peerRules)
  const host = await createHost(
    config.libp2p,
    await identityKey(join(stateDir, 'identity.key')),
    gate,
    version,
  )
  const guard = new AddressGuard(config.transfer.allow_private_addresses)
  const dial = (...args: Parameters<Libp2p['dial']>) => host.dial(...args)
  const runner = new TransferRunner(
    config,
    deals,
    transfers,
    staging,
    end,
    imports,
    offers,
    guard,
    dial,
    clock,
    room('transfer'),
  )
  const expire = new ExpireDeals(deals, chain, end, runner, room('deals'))

  const cancel = new CancelDeal(deals, end, runner)
  const filter = new DealFilter(config, chain, miner, deals, ledger, staging, room('deals'))
  const selection = new DealSelection(config.deals, db)
  const admit = new AdmitDeal(
    config,
    selection,
    chain,
    miner,
    asks,
    deals,
    ledger,
    staging,
    funds,
    filter,
    new RecordDeal(deals, transfers, ledger, staging, funds, clock),
    room('deals'),
    () => runner.poke(),
  )
  const status = new AnswerStatus(deals, transfers, runner, chain)
  const perSecond = config.deals.proposals_per_second
  const limit = new RateLimit(perSecond, perSecond * 4)
  const listener = new DealListener(
    config,
    host,
    admit,
    status,
    asks,
    miner,
    limit,
    clock,
    room('deals'),
    world.readTimeoutMs,
  )

  const queues = crossingQueues(config, log, health)
  const outward = new TakeOutward(deals, ledger, asks, outbox, room('crossing'))
  const crossing = new CrossingLink(
    queues,
    outbox,
    offers,
    outward,
    () => emptyStaging.poke(),
    clock,
    health,
    room('crossing'),
  )
  const desk = new PeerDesk(host, gate, peerRules, chain, miner, clock)
  const operator = new OperatorRoom(
    health,
    chain,
    miner,
    deals,
    transfers,
    runner,
    imports,
    cancel,
    ledger,
    staging,
    asks,
    selection,
    host,
    desk,
    peerRules,
    new TransferDesk(deals, transfers, runner, cancel, clock),
  )
  return {
    config,
    health,
    metrics,
    log,
    lock,
    miner,
    deals,
    ledger,
    staging,
    emptyStaging,
    lostFiles,
    expire,
    runner,
    outbox,
    queues,
    crossing,
    asks,
    selection,
    peerRules,
    host,
    listener,
    operator,
  }
}

function crossingQueues(config: ProviderConfig, log: Log, health: Health): Queues {
  const url = config.crossing.redis_url
  const tls = url.startsWith('rediss:')
    ? { tls: tlsOptions(liveIdentity(config.tls.dir, 'provider', { health, log })) }
    : {}
  const lockMs = config.queues.lock
  return createQueues({
    url,
    name: 'crossing',
    log,
    health,
    lockMs,
    tlsRequired: config.tls.required,
    ...tls,
  })
}
