import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Provider } from '@nestjs/common'
import { type Address, parseAddress } from '@sealane/actors'
import { ChainPort, createChainClient } from '@sealane/chain'
import { CONFIG, Log } from '@sealane/host'
import { holdLock, migrate, openDatabase } from '@sealane/sql'
import { Alerts } from './alert/alerts.js'
import { ChainWatch } from './chain-watch/chain-watch.js'
import { Clock } from './clock.js'
import { classCaps, dealCaps, type MinerConfig } from './config.js'
import { MinerDb, type MinerTables } from './database.js'
import { EventStore } from './events/event-store.js'
import { EventStream } from './events/event-stream.js'
import { MinerService } from './grpc/miner-service.js'
import { SignAsk } from './grpc/sign-ask.js'
import { InitOptions, MinerInit } from './init/miner-init.js'
import { MessagePricing } from './messages/message-pricing.js'
import { MessageSender } from './messages/message-sender.js'
import { MessageStore } from './messages/message-store.js'
import { Messager } from './messages/messager.js'
import { MessagerOptions } from './messages/messager-options.js'
import { OwnMessagesFirst } from './messages/own-messages-first.js'
import { PoolKeeper } from './messages/pool-keeper.js'
import { minerMigrations } from './migrations/miner-migrations.js'
import { MinerActor } from './network/miner-actor.js'
import { Network } from './network/network.js'
import { Settings } from './network/settings.js'
import { Policy } from './policy/policy.js'
import { DrawTicket } from './precommit/draw-ticket.js'
import { PreCommitOptions, PreCommits } from './precommit/pre-commits.js'
import { ProofCheck, ProofOptions } from './proofs/proof-check.js'
import { ProveCommits } from './prove-commit/prove-commits.js'
import { MarketEscrow } from './publish/market-escrow.js'
import { PublicationStore } from './publish/publication-store.js'
import { Publications } from './publish/publications.js'
import { PublishBatch } from './publish/publish-batch.js'
import { PublishOptions } from './publish/publish-options.js'
import { SentPublications } from './publish/sent-publications.js'
import { SectorNumbers } from './sectors/sector-numbers.js'
import { SectorSteps } from './sectors/sector-step.js'
import { StepStore } from './sectors/step-store.js'
import { StepTeller } from './sectors/step-teller.js'
import { StateLock } from './state-lock.js'
import { Funding } from './wallet/funding.js'
import { Keystore } from './wallet/keystore.js'
import { Wallet } from './wallet/wallet.js'

/** What is opened at start: own faults (disk, schema, keys, certificates) end the app here with one line. */
const opened: Provider[] = [
  {
    provide: StateLock,
    inject: [CONFIG],
    useFactory: ({ paths }: MinerConfig) => {
      mkdirSync(paths.state_dir, { recursive: true, mode: 0o700 })
      return new StateLock(holdLock(join(paths.state_dir, 'lock')))
    },
  },
  {
    provide: MinerDb,
    // The lock first: one process per database, or nonces would have two owners.
    inject: [CONFIG, StateLock],
    useFactory: async ({ paths: { state_dir: stateDir } }: MinerConfig) => {
      const db = await openDatabase<MinerTables>(`sqlite:${join(stateDir, 'miner.db')}`)
      await migrate(db, minerMigrations)
      return db
    },
  },
  {
    provide: Keystore,
    inject: [CONFIG],
    useFactory: async (config: MinerConfig) =>
      await Keystore.open({
        directory: join(config.paths.state_dir, 'keystore'),
        identityFile: config.keystore.identity,
      }),
  },
  {
    provide: ChainPort,
    inject: [CONFIG, Log],
    useFactory: (config: MinerConfig, log: Log) => createChainClient({ nodes: config.chain.nodes, log }),
  },
]

/** Options of the rooms, from the configuration. */
const options: Provider[] = [
  {
    provide: Alerts,
    inject: [CONFIG, Log],
    useFactory: (config: MinerConfig, log: Log) => new Alerts(config.alert.command, log),
  },
  {
    provide: Policy,
    inject: [CONFIG, Keystore],
    useFactory: ({ policy, publish }: MinerConfig, keystore: Keystore) => {
      const named = new Set(policy.fund_addresses.map(parseAddress))
      const mayFund = (address: Address) =>
        named.has(address) || keystore.list().some((key) => key.address === address)
      const asks = { minPricePerGib: publish.min_price, daily: BigInt(policy.daily_asks) }
      return new Policy({ caps: classCaps(policy), deals: dealCaps(publish), asks, mayFund })
    },
  },
  {
    provide: ProofOptions,
    inject: [CONFIG],
    useFactory: ({ proofs }: MinerConfig): ProofOptions => ({ paramsDir: proofs.params_dir }),
  },
  {
    provide: MessagerOptions,
    inject: [CONFIG],
    useFactory: ({ messages }: MinerConfig): MessagerOptions => ({
      repushEpochs: messages.repush_epochs,
      replaceEpochs: messages.replace_epochs,
      replaceAfterMs: messages.replace_after,
      window: messages.window,
    }),
  },
  {
    provide: PreCommitOptions,
    inject: [CONFIG],
    useFactory: ({ sectors }: MinerConfig): PreCommitOptions => ({
      ccLifetimeEpochs: sectors.cc_lifetime * 2880,
    }),
  },
  {
    provide: InitOptions,
    inject: [CONFIG],
    useFactory: ({ miner }: MinerConfig): InitOptions => ({ minerAddress: miner.address }),
  },
  {
    provide: PublishOptions,
    inject: [CONFIG],
    useFactory: ({ publish }: MinerConfig) =>
      new PublishOptions(
        { maxDeals: publish.max_deals, periodMs: publish.period, pressureEpochs: publish.start_pressure },
        {
          minPricePerGib: publish.min_price,
          maxCollateral: publish.max_collateral,
          minStartEpochs: publish.min_start,
          maxStartEpochs: publish.max_start,
        },
      ),
  },
]

/** Every room but window-post/, and what they stand on. */
export const minerProviders: readonly Provider[] = [
  ...opened,
  ...options,
  Clock,
  Settings,
  Network,
  MinerActor,
  Wallet,
  MessageStore,
  ChainWatch,
  MessagePricing,
  MessageSender,
  PoolKeeper,
  Messager,
  OwnMessagesFirst,
  EventStore,
  EventStream,
  ProofCheck,
  SectorNumbers,
  StepStore,
  StepTeller,
  SectorSteps,
  DrawTicket,
  PreCommits,
  ProveCommits,
  PublicationStore,
  MarketEscrow,
  PublishBatch,
  SentPublications,
  Publications,
  MinerInit,
  Funding,
  SignAsk,
  MinerService,
]
