import { join } from 'node:path'
import { type Address, policyFor } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { Health, silentLog } from '@sealane/host'
import { migrate, openDatabase } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import type { MinerDb, MinerTables } from '../database.js'
import { MessagePricing } from '../messages/message-pricing.js'
import { MessageSender } from '../messages/message-sender.js'
import { MessageStore } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MessagerOptions } from '../messages/messager-options.js'
import { PoolKeeper } from '../messages/pool-keeper.js'
import { minerMigrations } from '../migrations/miner-migrations.js'
import { MinerActor } from '../network/miner-actor.js'
import type { Network } from '../network/network.js'
import { Settings } from '../network/settings.js'
import type { ClassCap, ClassCaps } from '../policy/caps.js'
import { classRules } from '../policy/message-class.js'
import { Policy } from '../policy/policy.js'
import { Keystore } from '../wallet/keystore.js'
import { Wallet } from '../wallet/wallet.js'

const FIL = 10n ** 18n

/** Wall time that tests move. */
export class HandClock extends Clock {
  ms = Date.parse('2026-03-01T12:00:00Z')
  override now(): number {
    return this.ms
  }
  override random(): number {
    return 0.5
  }
}

export function capsOf(changes: Partial<ClassCap> = {}): ClassCaps {
  const cap: ClassCap = {
    maxFee: attoFil(FIL),
    maxValue: attoFil(100n * FIL),
    dailyValue: attoFil(1000n * FIL),
    dailyFee: attoFil(100n * FIL),
    ...changes,
  }
  return Object.fromEntries(Object.keys(classRules).map((name) => [name, cap])) as unknown as ClassCaps
}

/** The messager and all it stands on, over a database in `directory` and the given chain. Nothing runs by itself. */
export async function openMessager(
  directory: string,
  chain: ChainPort,
  o: {
    clock?: HandClock
    caps?: ClassCaps
    options?: Partial<MessagerOptions>
    mayFund?: (address: Address) => boolean
  } = {},
) {
  const clock = o.clock ?? new HandClock()
  const db = (await openDatabase<MinerTables>(`sqlite:${join(directory, 'miner.db')}`)) as MinerDb
  await migrate(db, minerMigrations)
  const keystore = await Keystore.open({ directory: join(directory, 'keystore') })
  const wallet = new Wallet(keystore, clock)
  const store = new MessageStore(db, clock)
  const settings = new Settings(db)
  const actor = new MinerActor(db, settings)
  const log = silentLog()
  const alerts = new Alerts(undefined, log)
  const policy = new Policy({
    caps: o.caps ?? capsOf(),
    deals: {
      collateral: attoFil(10n * FIL),
      bytes: 1n << 40n,
      clientCollateral: attoFil(5n * FIL),
      clientBytes: 1n << 39n,
    },
    asks: { minPricePerGib: attoFil(0n), daily: 100n },
    mayFund: o.mayFund ?? (() => false),
  })
  const known = { name: 'sealane-2k', policy: policyFor('devnet-2k'), devnet: true, blockDelaySeconds: 1 }
  const network = {
    known,
    require: () => known,
    confidence: () => ({ landing: 5, publish: 10 }),
  } as unknown as Network
  const health = new Health()
  const watch = new ChainWatch(db, chain, store, settings, network, alerts, clock, log, health)
  const options = Object.assign(new MessagerOptions(), { replaceAfterMs: 0 }, o.options)
  const pricing = new MessagePricing(chain, store, policy, alerts)
  const sender = new MessageSender(db, chain, store, pricing, wallet, policy, actor, alerts, clock, log)
  const pool = new PoolKeeper(db, chain, store, pricing, sender, policy, alerts, clock, log, options)
  const messager = new Messager(db, watch, store, sender, pool, policy, actor, clock, log, health, options)
  return {
    db,
    clock,
    keystore,
    wallet,
    store,
    settings,
    actor,
    watch,
    messager,
    policy,
    health,
    network,
    alerts,
    log,
  }
}
