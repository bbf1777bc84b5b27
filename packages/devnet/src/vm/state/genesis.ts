import { attoFil } from '@sealane/fil-units'
import { freeze } from 'immer'
import {
  burntFundsActor,
  cronActor,
  datacapActor,
  faucetActor,
  firstFreeActor,
  initActor,
  marketActor,
  powerActor,
  rewardActor,
  systemActor,
  verifregActor,
} from '../run/builtin-ids.js'
import type { ChainState } from './chain-state.js'
import type { ActorKind, ActorRecord, ChainTables } from './chain-tables.js'
import type { GenesisConfig } from './genesis-config.js'

const builtin: [number, ActorKind][] = [
  [systemActor, 'system'],
  [initActor, 'init'],
  [rewardActor, 'reward'],
  [cronActor, 'cron'],
  [powerActor, 'power'],
  [marketActor, 'market'],
  [verifregActor, 'verifreg'],
  [datacapActor, 'datacap'],
  [burntFundsActor, 'account'],
]

/** The chain before its first message: the built-in actors and the faucet (f0100). No miner, no power. */
export function genesis(config: GenesisConfig): ChainState {
  const nothing = attoFil(0n)
  const tables: ChainTables = {
    version: 1,
    genesis: config,
    actors: {},
    addresses: { [config.faucet]: faucetActor },
    nextActorId: firstFreeActor,
    power: {
      claims: {},
      totalPledge: nothing,
      thisEpoch: { raw: 0n, qa: 0n, pledge: nothing },
      cronQueue: {},
    },
    market: {
      deals: {},
      nextDealId: 0,
      pendingProposals: {},
      escrow: {},
      locked: {},
      totalClientLockedCollateral: nothing,
      totalProviderLockedCollateral: nothing,
      totalClientStorageFee: nothing,
      dealOps: {},
      sectorDeals: {},
    },
    miners: {},
  }
  for (const [id, kind] of builtin) tables.actors[id] = { kind, nonce: 0, balance: nothing }
  const faucet: ActorRecord = {
    kind: 'account',
    nonce: 0,
    balance: config.faucetBalance,
    address: config.faucet,
  }
  tables.actors[faucetActor] = faucet
  return freeze(tables, true)
}
