export { type OwedPosts, owedPosts } from './clock/owed-posts.js'
export { type PendingSeed, pendingSeeds } from './clock/pending-seeds.js'
export { type UnactivatedDeal, unactivatedDeals } from './clock/unactivated-deals.js'
export { type SectorToProve, unprovenOrRecovering } from './clock/unproven-or-recovering.js'
export { blockGasLimit, nextBaseFee } from './gas/next-base-fee.js'
export type { DeadlineInfo } from './miner/deadline-info.js'
export { policy } from './policy.js'
export type { ActorView } from './query/actor-queries.js'
export type { CirculatingSupplyView } from './query/economics-queries.js'
export type { DealView } from './query/market-queries.js'
export type {
  DeadlineView,
  MinerInfoView,
  PartitionView,
  PowerView,
  PreCommitView,
  SectorCountView,
  SectorView,
} from './query/miner-queries.js'
export { query } from './query/query.js'
export type { Applied, Receipt, Trace } from './run/applied.js'
export { applyMessage } from './run/apply-message.js'
export { callMessage, estimateGasLimit } from './run/call-message.js'
export { cron, nextCronEpoch } from './run/cron.js'
export type { BlockContext } from './run/machine.js'
export { simplifications } from './simplifications.js'
export type { ChainState } from './state/chain-state.js'
export type { ActorKind } from './state/chain-tables.js'
export { devnetEconomics } from './state/devnet-economics.js'
export type { EconomicsSnapshot } from './state/economics-snapshot.js'
export { decodeState, encodeState, stateRoot } from './state/encode-state.js'
export { genesis } from './state/genesis.js'
export type { GenesisConfig } from './state/genesis-config.js'
