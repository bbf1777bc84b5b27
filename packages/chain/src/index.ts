export {
  ChainError,
  type ChainErrorCode,
  type ChainErrorFacts,
  classifyRpcError,
  exitCodeOf,
} from './chain-error.js'
export { ChainPort, type NodeHealth, type RandomnessTag } from './chain-port.js'
export {
  type ComplianceOptions,
  type ComplianceOutcome,
  defaultMostSpent,
  runCompliance,
} from './compliance/run-compliance.js'
export { type ChainClientOptions, createChainClient } from './create-chain-client.js'
export { type HeadCursor, type HeadFollowerOptions, type HeadStep, headFollower } from './head-follower.js'
export { type NodeAddress, parseApiInfo } from './node/api-info.js'
export type { ChainLog } from './node/node-pool.js'
export { type Json, parseJson, stringifyJson } from './rpc/json.js'
export { rpcCall, rpcSubscribe } from './rpc/rpc-call.js'
export type { ActorState, CirculatingSupply, NetworkParams, NodeVersion } from './wire/actor.js'
export type { CollateralBounds, MarketBalance, MarketDeal } from './wire/market.js'
export type {
  BlockMessages,
  GasCost,
  InvocationResult,
  MessageLookup,
  MessageReceipt,
  ParentMessage,
  SendSpec,
} from './wire/message.js'
export type {
  BeneficiaryTerm,
  Deadline,
  DeadlineInfo,
  MinerInfo,
  MinerPower,
  Partition,
  PowerClaim,
  PreCommitInfo,
  PreCommitOnChainInfo,
  SectorExpiration,
  SectorLocation,
  SectorOnChainInfo,
} from './wire/miner.js'
export * as shapes from './wire/shapes.js'
export type { ActiveSync, PeerAddresses, SyncState } from './wire/sync.js'
export {
  type BeaconEntry,
  type BlockHeader,
  type HeadChange,
  sameKey,
  type TipSet,
  type TipSetKey,
} from './wire/tip-set.js'
export type { AddressPrefix, Read, Wire } from './wire/wire.js'
export { WireError } from './wire/wire-error.js'
