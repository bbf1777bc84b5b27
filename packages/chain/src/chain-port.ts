import type { Address, BitField, Cid, Message, SignedMessage } from '@sealane/actors'
import type { AttoFil, ChainEpoch, PaddedSize } from '@sealane/fil-units'
import type { ChainError } from './chain-error.js'
import type { ActorState, CirculatingSupply, NetworkParams, NodeVersion } from './wire/actor.js'
import type { CollateralBounds, MarketBalance, MarketDeal } from './wire/market.js'
import type {
  BlockMessages,
  InvocationResult,
  MessageLookup,
  MessageReceipt,
  ParentMessage,
  SendSpec,
} from './wire/message.js'
import type {
  Deadline,
  DeadlineInfo,
  MinerInfo,
  MinerPower,
  Partition,
  PreCommitInfo,
  PreCommitOnChainInfo,
  SectorExpiration,
  SectorLocation,
  SectorOnChainInfo,
} from './wire/miner.js'
import type { PeerAddresses, SyncState } from './wire/sync.js'
import type { BeaconEntry, BlockHeader, HeadChange, TipSet, TipSetKey } from './wire/tip-set.js'

/** Domain tags of chain randomness. Source: filecoin-project/go-state-types crypto/domain_separation_tag.go. */
export type RandomnessTag = number

/** What became of our wish at one node. */
export interface PriorityOutcome {
  readonly node: string
  /** False when it had them all. */
  readonly changed: boolean
  readonly error?: ChainError
}

/** A node of the pool and what is known of it. */
export interface NodeHealth {
  /** Without its token. */
  readonly node: string
  readonly state: 'unknown' | 'ok' | 'lagging' | 'forked' | 'dead' | 'wrong-network'
  readonly headEpoch?: ChainEpoch
  readonly weight?: bigint
  /** Unix ms of the last answer. */
  readonly answeredAt?: number
  readonly error?: string
}

/**
 * What an app asks of a Filecoin chain: lotus' JSON-RPC (v1) in house types. State at a tipset is the state after that
 * tipset's parents, as lotus has it: a message's effect shows one tipset after the one that carries it. Without `at`,
 * the node's head is meant. Everything rejects with `ChainError`, remedy `retry`.
 */
export abstract class ChainPort {
  /** Where each configured node stands; asks nothing. */
  abstract nodes(): readonly NodeHealth[]
  /** Ends timers and connections; calls under way reject with NODE_DOWN. */
  abstract close(): Promise<void>

  abstract version(): Promise<NodeVersion>
  abstract networkName(): Promise<string>
  abstract networkVersion(at?: TipSetKey): Promise<number>
  abstract networkParams(): Promise<NetworkParams>
  abstract genesis(): Promise<TipSet>

  abstract head(): Promise<TipSet>
  abstract tipSet(key: TipSetKey): Promise<TipSet>
  /** The tipset at that height; of a null round, the one before it. */
  abstract tipSetByHeight(height: ChainEpoch, at?: TipSetKey): Promise<TipSet>
  /** The tipset at that height; of a null round, the one after it. */
  abstract tipSetAfterHeight(height: ChainEpoch, at?: TipSetKey): Promise<TipSet>
  abstract finalizedTipSet(): Promise<TipSet>
  abstract tipSetWeight(key: TipSetKey): Promise<bigint>
  /** Reverts (newest first), then applies (oldest first), that lead from one tipset to another. */
  abstract path(from: TipSetKey, to: TipSetKey): Promise<HeadChange[]>
  /**
   * Head changes as one node reports them, `current` first. Ends when the connection does, or with `signal`. The
   * follower's pace is felt by the node: what is not consumed is not read from the socket. Prefer `headFollower`.
   */
  abstract notify(signal: AbortSignal): AsyncIterable<HeadChange[]>

  abstract block(block: Cid): Promise<BlockHeader>
  abstract blockMessages(block: Cid): Promise<BlockMessages>
  abstract parentMessages(block: Cid): Promise<ParentMessage[]>
  /** In the order of `parentMessages`. */
  abstract parentReceipts(block: Cid): Promise<MessageReceipt[]>
  abstract messagesInTipSet(key: TipSetKey): Promise<ParentMessage[]>
  /** The unsigned message with this chain CID. Rejects NOT_FOUND. */
  abstract getMessage(message: Cid): Promise<Message>
  /** Where the message, or one that replaced it, was executed; undefined when it was not (yet). */
  abstract searchMessage(
    message: Cid,
    o?: { at?: TipSetKey; lookback?: number; allowReplaced?: boolean },
  ): Promise<MessageLookup | undefined>
  abstract hasObject(object: Cid): Promise<boolean>
  abstract readObject(object: Cid): Promise<Uint8Array>

  /** undefined when there is no such actor. */
  abstract getActor(address: Address, at?: TipSetKey): Promise<ActorState | undefined>
  /** The ID address; undefined when the address is not on chain yet. */
  abstract lookupId(address: Address, at?: TipSetKey): Promise<Address | undefined>
  /** The key address behind an ID address of an account. */
  abstract accountKey(address: Address, at?: TipSetKey): Promise<Address>
  /** The f2 or key address behind an ID address; undefined when it has none. */
  abstract robustAddress(address: Address, at?: TipSetKey): Promise<Address | undefined>
  abstract listMiners(at?: TipSetKey): Promise<Address[]>

  abstract minerInfo(miner: Address, at?: TipSetKey): Promise<MinerInfo>
  abstract minerPower(miner: Address, at?: TipSetKey): Promise<MinerPower>
  abstract provingDeadline(miner: Address, at?: TipSetKey): Promise<DeadlineInfo>
  abstract deadlines(miner: Address, at?: TipSetKey): Promise<Deadline[]>
  abstract partitions(miner: Address, deadlineIndex: number, at?: TipSetKey): Promise<Partition[]>
  /** All of them, or those named that exist. */
  abstract sectors(miner: Address, numbers?: readonly number[], at?: TipSetKey): Promise<SectorOnChainInfo[]>
  abstract activeSectors(miner: Address, at?: TipSetKey): Promise<SectorOnChainInfo[]>
  abstract sectorInfo(miner: Address, sector: number, at?: TipSetKey): Promise<SectorOnChainInfo | undefined>
  abstract preCommitInfo(
    miner: Address,
    sector: number,
    at?: TipSetKey,
  ): Promise<PreCommitOnChainInfo | undefined>
  /** undefined when the sector is in no partition. */
  abstract sectorPartition(
    miner: Address,
    sector: number,
    at?: TipSetKey,
  ): Promise<SectorLocation | undefined>
  abstract sectorExpiration(
    miner: Address,
    sector: number,
    at?: TipSetKey,
  ): Promise<SectorExpiration | undefined>
  abstract sectorAllocated(miner: Address, sector: number, at?: TipSetKey): Promise<boolean>
  abstract allocatedSectors(miner: Address, at?: TipSetKey): Promise<BitField>
  abstract minerFaults(miner: Address, at?: TipSetKey): Promise<BitField>
  abstract minerRecoveries(miner: Address, at?: TipSetKey): Promise<BitField>
  abstract availableBalance(miner: Address, at?: TipSetKey): Promise<AttoFil>
  abstract preCommitDeposit(miner: Address, info: PreCommitInfo, at?: TipSetKey): Promise<AttoFil>
  /** Pledge of one sector that lives for `durationEpochs`; `verifiedBytes` of it hold verified deals. */
  abstract initialPledge(
    o: { durationEpochs: number; sectorSize: bigint; verifiedBytes?: bigint },
    at?: TipSetKey,
  ): Promise<AttoFil>
  abstract creationDeposit(at?: TipSetKey): Promise<AttoFil>

  /** Randomness of the chain's tickets at `epoch` (negative before genesis), 32 bytes. */
  abstract ticketRandomness(
    tag: RandomnessTag,
    epoch: ChainEpoch,
    entropy: Uint8Array,
    at?: TipSetKey,
  ): Promise<Uint8Array>
  /** Randomness of the beacon at `epoch`, 32 bytes. */
  abstract beaconRandomness(
    tag: RandomnessTag,
    epoch: ChainEpoch,
    entropy: Uint8Array,
    at?: TipSetKey,
  ): Promise<Uint8Array>
  abstract beaconEntry(epoch: ChainEpoch): Promise<BeaconEntry>

  abstract marketBalance(address: Address, at?: TipSetKey): Promise<MarketBalance>
  /** undefined when there is no such deal (any more). */
  abstract marketDeal(dealId: number, at?: TipSetKey): Promise<MarketDeal | undefined>
  abstract collateralBounds(size: PaddedSize, verified: boolean, at?: TipSetKey): Promise<CollateralBounds>
  abstract circulatingSupply(at?: TipSetKey): Promise<CirculatingSupply>

  /** Runs a message on the state of a tipset without sending it; a failed execution is a result, not an error. */
  abstract call(message: Message, at?: TipSetKey): Promise<InvocationResult>
  /** Fills in gas limit, fee cap and premium. Rejects EXECUTION_FAILED with `facts.exitCode` when the message would fail. */
  abstract estimateGas(message: Message, spec?: SendSpec, at?: TipSetKey): Promise<Message>
  abstract estimateFeeCap(message: Message, maxQueueBlocks: number, at?: TipSetKey): Promise<AttoFil>
  abstract estimateGasPremium(
    blocks: number,
    sender: Address,
    gasLimit: number,
    at?: TipSetKey,
  ): Promise<AttoFil>

  /** The next nonce of a sender, pooled messages counted: the highest of all healthy nodes. */
  abstract mpoolNonce(address: Address): Promise<number>
  abstract mpoolPending(at?: TipSetKey): Promise<SignedMessage[]>
  /**
   * Gives a signed message to every healthy node; resolves with its chain CID when one took it or had it already.
   * Rejects with the most telling of the refusals: an error that is no verdict on the message (NODE_DOWN, TIMEOUT,
   * RPC) leaves it in doubt, and the same bytes must be pushed again.
   */
  abstract mpoolPush(signed: SignedMessage): Promise<Cid>
  /**
   * Adds addresses to those whose messages each node puts into its own blocks first; what else a node's mempool is set to stays. Needs
   * an admin token: a node that refuses, or does not answer, says so in its outcome.
   */
  abstract addPriorityAddresses(addresses: readonly Address[]): Promise<PriorityOutcome[]>

  abstract walletBalance(address: Address): Promise<AttoFil>
  abstract syncState(): Promise<SyncState>
  abstract peers(): Promise<PeerAddresses[]>
}
