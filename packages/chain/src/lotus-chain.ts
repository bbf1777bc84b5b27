import type { Address, BitField, Cid, Message, SignedMessage } from '@sealane/actors'
import { bitfield, signedMessageCid } from '@sealane/actors'
import type { AttoFil, ChainEpoch, PaddedSize } from '@sealane/fil-units'
import { ChainError } from './chain-error.js'
import { ChainPort, type NodeHealth, type PriorityOutcome, type RandomnessTag } from './chain-port.js'
import { NodePool, type NodePoolOptions } from './node/node-pool.js'
import type { Json } from './rpc/json.js'
import * as actorWire from './wire/actor.js'
import * as marketWire from './wire/market.js'
import * as messageWire from './wire/message.js'
import * as minerWire from './wire/miner.js'
import * as syncWire from './wire/sync.js'
import type { TipSet, TipSetKey } from './wire/tip-set.js'
import * as tipSetWire from './wire/tip-set.js'
import * as wire from './wire/wire.js'
import { WireError } from './wire/wire-error.js'

/** The chain as lotus' JSON-RPC (v1) serves it, over a pool of nodes. */
export class LotusChain extends ChainPort {
  readonly #pool: NodePool

  constructor(options: NodePoolOptions) {
    super()
    this.#pool = new NodePool(options)
  }

  nodes(): readonly NodeHealth[] {
    return this.#pool.health()
  }

  async close(): Promise<void> {
    this.#pool.close()
  }

  async #ask<T>(method: string, shape: wire.Wire<T>, ...params: Json[]): Promise<T> {
    return readAnswer(method, shape, await this.#pool.call(`Filecoin.${method}`, params))
  }

  async #askMaybe<T>(method: string, shape: wire.Wire<T>, ...params: Json[]): Promise<T | undefined> {
    try {
      return await this.#ask(method, wire.optional(shape), ...params)
    } catch (cause) {
      if (cause instanceof ChainError && cause.code === 'NOT_FOUND' && !lacksTipSet(cause)) return undefined
      throw cause
    }
  }

  version() {
    return this.#ask('Version', actorWire.nodeVersion)
  }
  networkName() {
    return this.#ask('StateNetworkName', wire.text)
  }
  networkVersion(at?: TipSetKey) {
    return this.#ask('StateNetworkVersion', wire.whole, key(at))
  }
  networkParams() {
    return this.#ask('StateGetNetworkParams', actorWire.networkParams)
  }
  genesis() {
    return this.#ask('ChainGetGenesis', tipSetWire.tipSet)
  }

  head() {
    return this.#ask('ChainHead', tipSetWire.tipSet)
  }
  tipSet(of: TipSetKey) {
    return this.#ask('ChainGetTipSet', tipSetWire.tipSet, key(of))
  }
  tipSetByHeight(height: ChainEpoch, at?: TipSetKey) {
    return this.#ask('ChainGetTipSetByHeight', tipSetWire.tipSet, height, key(at))
  }
  tipSetAfterHeight(height: ChainEpoch, at?: TipSetKey) {
    return this.#ask('ChainGetTipSetAfterHeight', tipSetWire.tipSet, height, key(at))
  }
  finalizedTipSet(): Promise<TipSet> {
    return this.#ask('ChainGetFinalizedTipSet', tipSetWire.tipSet)
  }
  tipSetWeight(of: TipSetKey) {
    return this.#ask('ChainTipSetWeight', wire.decimal, key(of))
  }
  path(from: TipSetKey, to: TipSetKey) {
    return this.#ask('ChainGetPath', wire.list(tipSetWire.headChange), key(from), key(to))
  }
  async *notify(signal: AbortSignal): AsyncGenerator<tipSetWire.HeadChange[]> {
    const shape = wire.list(tipSetWire.headChange)
    for await (const value of this.#pool.subscribe('Filecoin.ChainNotify', [], signal)) {
      yield readAnswer('ChainNotify', shape, value)
    }
  }

  block(block: Cid) {
    return this.#ask('ChainGetBlock', tipSetWire.blockHeader, link(block))
  }
  blockMessages(block: Cid) {
    return this.#ask('ChainGetBlockMessages', messageWire.blockMessages, link(block))
  }
  parentMessages(block: Cid) {
    return this.#ask('ChainGetParentMessages', wire.list(messageWire.parentMessage), link(block))
  }
  parentReceipts(block: Cid) {
    return this.#ask('ChainGetParentReceipts', wire.list(messageWire.receipt), link(block))
  }
  messagesInTipSet(of: TipSetKey) {
    return this.#ask('ChainGetMessagesInTipset', wire.list(messageWire.parentMessage), key(of))
  }
  getMessage(message: Cid): Promise<Message> {
    return this.#ask('ChainGetMessage', messageWire.message, link(message))
  }
  searchMessage(message: Cid, o: { at?: TipSetKey; lookback?: number; allowReplaced?: boolean } = {}) {
    const { at, lookback = -1, allowReplaced = true } = o
    return this.#askMaybe(
      'StateSearchMsg',
      messageWire.messageLookup,
      key(at),
      link(message),
      lookback,
      allowReplaced,
    )
  }
  hasObject(object: Cid) {
    return this.#ask('ChainHasObj', wire.flag, link(object))
  }
  readObject(object: Cid) {
    return this.#ask('ChainReadObj', wire.base64, link(object))
  }

  getActor(address: Address, at?: TipSetKey) {
    return this.#askMaybe('StateGetActor', actorWire.actorState, address, key(at))
  }
  lookupId(address: Address, at?: TipSetKey) {
    return this.#askMaybe('StateLookupID', wire.address, address, key(at))
  }
  accountKey(address: Address, at?: TipSetKey) {
    return this.#ask('StateAccountKey', wire.address, address, key(at))
  }
  robustAddress(address: Address, at?: TipSetKey) {
    return this.#askMaybe('StateLookupRobustAddress', wire.address, address, key(at))
  }
  listMiners(at?: TipSetKey) {
    return this.#ask('StateListMiners', wire.list(wire.address), key(at))
  }

  minerInfo(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerInfo', minerWire.minerInfo, miner, key(at))
  }
  minerPower(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerPower', minerWire.minerPower, miner, key(at))
  }
  provingDeadline(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerProvingDeadline', minerWire.deadlineInfo, miner, key(at))
  }
  deadlines(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerDeadlines', wire.list(minerWire.deadline), miner, key(at))
  }
  partitions(miner: Address, deadlineIndex: number, at?: TipSetKey) {
    return this.#ask('StateMinerPartitions', wire.list(minerWire.partition), miner, deadlineIndex, key(at))
  }
  async sectors(miner: Address, numbers?: readonly number[], at?: TipSetKey) {
    const shape = wire.list(minerWire.sectorOnChainInfo)
    const filter = numbers === undefined ? null : (bitfield.of(numbers).toJSON() as Json)
    try {
      return await this.#ask('StateMinerSectors', shape, miner, filter, key(at))
    } catch (cause) {
      // One number without a sector fails the whole question, so each is asked about by itself.
      if (numbers === undefined || !(cause instanceof ChainError) || !/can't find sector/.test(cause.text))
        throw cause
      const found = await Promise.all(numbers.map((number) => this.sectorInfo(miner, number, at)))
      return found.filter((sector) => sector !== undefined)
    }
  }
  activeSectors(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerActiveSectors', wire.list(minerWire.sectorOnChainInfo), miner, key(at))
  }
  sectorInfo(miner: Address, sector: number, at?: TipSetKey) {
    return this.#ask('StateSectorGetInfo', wire.optional(minerWire.sectorOnChainInfo), miner, sector, key(at))
  }
  async preCommitInfo(miner: Address, sector: number, at?: TipSetKey) {
    try {
      const shape = wire.optional(minerWire.preCommitOnChainInfo)
      return await this.#ask('StateSectorPreCommitInfo', shape, miner, sector, key(at))
    } catch (cause) {
      // The v0 API, and some nodes that are not lotus, say so instead of answering null.
      if (
        cause instanceof ChainError &&
        /precommit(ment)? (info )?(does not exist|not found)/i.test(cause.text)
      ) {
        return undefined
      }
      throw cause
    }
  }
  sectorPartition(miner: Address, sector: number, at?: TipSetKey) {
    return this.#askMaybe('StateSectorPartition', minerWire.sectorLocation, miner, sector, key(at))
  }
  sectorExpiration(miner: Address, sector: number, at?: TipSetKey) {
    return this.#askMaybe('StateSectorExpiration', minerWire.sectorExpiration, miner, sector, key(at))
  }
  sectorAllocated(miner: Address, sector: number, at?: TipSetKey) {
    return this.#ask('StateMinerSectorAllocated', wire.flag, miner, sector, key(at))
  }
  allocatedSectors(miner: Address, at?: TipSetKey): Promise<BitField> {
    return this.#ask('StateMinerAllocated', wire.bits, miner, key(at))
  }
  minerFaults(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerFaults', wire.bits, miner, key(at))
  }
  minerRecoveries(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerRecoveries', wire.bits, miner, key(at))
  }
  availableBalance(miner: Address, at?: TipSetKey) {
    return this.#ask('StateMinerAvailableBalance', wire.money, miner, key(at))
  }
  preCommitDeposit(miner: Address, info: minerWire.PreCommitInfo, at?: TipSetKey): Promise<AttoFil> {
    const json = minerWire.preCommitInfo.write(info, 'f')
    return this.#ask('StateMinerPreCommitDepositForPower', wire.money, miner, json, key(at))
  }
  initialPledge(o: { durationEpochs: number; sectorSize: bigint; verifiedBytes?: bigint }, at?: TipSetKey) {
    const { durationEpochs, sectorSize, verifiedBytes = 0n } = o
    return this.#ask(
      'StateMinerInitialPledgeForSector',
      wire.money,
      durationEpochs,
      wire.wholeBig.write(sectorSize, 'f'),
      wire.wholeBig.write(verifiedBytes, 'f'),
      key(at),
    )
  }
  creationDeposit(at?: TipSetKey) {
    return this.#ask('StateMinerCreationDeposit', wire.money, key(at))
  }

  ticketRandomness(tag: RandomnessTag, epoch: ChainEpoch, entropy: Uint8Array, at?: TipSetKey) {
    return this.#ask(
      'StateGetRandomnessFromTickets',
      wire.base64,
      tag,
      epoch,
      wire.base64.write(entropy, 'f'),
      key(at),
    )
  }
  beaconRandomness(tag: RandomnessTag, epoch: ChainEpoch, entropy: Uint8Array, at?: TipSetKey) {
    return this.#ask(
      'StateGetRandomnessFromBeacon',
      wire.base64,
      tag,
      epoch,
      wire.base64.write(entropy, 'f'),
      key(at),
    )
  }
  beaconEntry(epoch: ChainEpoch) {
    return this.#ask('StateGetBeaconEntry', tipSetWire.beaconEntry, epoch)
  }

  marketBalance(address: Address, at?: TipSetKey) {
    return this.#ask('StateMarketBalance', marketWire.marketBalance, address, key(at))
  }
  marketDeal(dealId: number, at?: TipSetKey) {
    return this.#askMaybe('StateMarketStorageDeal', marketWire.marketDeal, dealId, key(at))
  }
  collateralBounds(size: PaddedSize, verified: boolean, at?: TipSetKey) {
    const bytes = wire.wholeBig.write(size, 'f')
    return this.#ask(
      'StateDealProviderCollateralBounds',
      marketWire.collateralBounds,
      bytes,
      verified,
      key(at),
    )
  }
  circulatingSupply(at?: TipSetKey) {
    return this.#ask('StateVMCirculatingSupplyInternal', actorWire.circulatingSupply, key(at))
  }

  call(message: Message, at?: TipSetKey) {
    return this.#ask(
      'StateCall',
      messageWire.invocationResult,
      messageWire.message.write(message, 'f'),
      key(at),
    )
  }
  estimateGas(message: Message, spec?: messageWire.SendSpec, at?: TipSetKey): Promise<Message> {
    const json = messageWire.message.write(message, 'f')
    return this.#ask('GasEstimateMessageGas', messageWire.message, json, specJson(spec), key(at))
  }
  estimateFeeCap(message: Message, maxQueueBlocks: number, at?: TipSetKey) {
    const json = messageWire.message.write(message, 'f')
    return this.#ask('GasEstimateFeeCap', wire.money, json, maxQueueBlocks, key(at))
  }
  estimateGasPremium(blocks: number, sender: Address, gasLimit: number, at?: TipSetKey) {
    return this.#ask('GasEstimateGasPremium', wire.money, blocks, sender, gasLimit, key(at))
  }

  async mpoolNonce(address: Address): Promise<number> {
    const answers = await this.#pool.callAll('Filecoin.MpoolGetNonce', [address])
    const nonces = answers
      .filter((answer) => answer.status === 'fulfilled')
      .map((answer) => readAnswer('MpoolGetNonce', wire.whole, answer.value))
    if (nonces.length > 0) return Math.max(...nonces)
    throw firstReason(answers)
  }
  mpoolPending(at?: TipSetKey): Promise<SignedMessage[]> {
    return this.#ask('MpoolPending', wire.list(messageWire.signedMessage), key(at))
  }
  async mpoolPush(signed: SignedMessage): Promise<Cid> {
    const json = messageWire.signedMessage.write(signed, 'f')
    const answers = await this.#pool.callAll('Filecoin.MpoolPush', [json])
    for (const answer of answers) {
      if (answer.status === 'fulfilled') return readAnswer('MpoolPush', wire.cid, answer.value)
    }
    const reasons = answers
      .filter((answer) => answer.status === 'rejected')
      .map((answer) => answer.reason as unknown)
    if (reasons.some((reason) => reason instanceof ChainError && reason.code === 'ALREADY_POOLED')) {
      return signedMessageCid(signed)
    }
    throw (
      reasons.find((reason) => !(reason instanceof ChainError) || !isVerdict(reason)) ?? firstReason(answers)
    )
  }
  async addPriorityAddresses(addresses: readonly Address[]): Promise<PriorityOutcome[]> {
    const outcomes = await this.#pool.each(async (call) => {
      const had = readAnswer(
        'MpoolGetConfig',
        messageWire.mempoolConfig,
        await call('Filecoin.MpoolGetConfig', []),
      )
      const missing = addresses.filter((address) => !had.priorityAddresses.includes(address))
      if (missing.length === 0) return false
      const priorityAddresses = [...had.priorityAddresses, ...missing]
      await call('Filecoin.MpoolSetConfig', [
        messageWire.mempoolConfig.write({ ...had, priorityAddresses }, 'f'),
      ])
      return true
    })
    return outcomes.map(({ node, outcome }) => {
      if (outcome.status === 'fulfilled') return { node, changed: outcome.value }
      if (!(outcome.reason instanceof ChainError)) throw outcome.reason
      return { node, changed: false, error: outcome.reason }
    })
  }

  walletBalance(address: Address): Promise<AttoFil> {
    return this.#ask('WalletBalance', wire.money, address)
  }
  syncState() {
    return this.#ask('SyncState', syncWire.syncState)
  }
  peers() {
    return this.#ask('NetPeers', wire.list(syncWire.peerAddresses))
  }
}

/**
 * True when a node does not have the tipset that was asked about: one that lags, or has lost its last blocks. That says nothing of what
 * would be there. Recorded from lotus 1.36: "failed to load tipset: get block …: ipld: could not find …".
 */
function lacksTipSet(error: ChainError): boolean {
  return /failed to load tipset|get block|block not found/.test(error.text)
}

function key(at: TipSetKey | undefined): Json {
  return (at ?? []).map(link)
}

function link(cid: Cid): Json {
  return { '/': cid }
}

function specJson(spec: messageWire.SendSpec | undefined): Json {
  if (spec === undefined) return null
  return {
    MaxFee: (spec.maxFee ?? 0n).toString(),
    ...(spec.uuid === undefined ? {} : { MsgUuid: spec.uuid }),
    ...(spec.maximizeFeeCap === undefined ? {} : { MaximizeFeeCap: spec.maximizeFeeCap }),
  }
}

function readAnswer<T>(method: string, shape: wire.Wire<T>, json: Json): T {
  try {
    return shape.read(json, method)
  } catch (cause) {
    if (cause instanceof WireError)
      throw new ChainError('MALFORMED', { method, text: cause.message }, { cause })
    throw cause
  }
}

function firstReason(answers: readonly PromiseSettledResult<Json>[]): unknown {
  const rejected = answers.find((answer) => answer.status === 'rejected')
  return rejected?.reason ?? new ChainError('NODE_DOWN', { text: 'no chain node to ask' })
}

/** Whether a push error says something about the message, rather than about the node or the way there. */
function isVerdict(error: ChainError): boolean {
  switch (error.code) {
    case 'NONCE_TOO_LOW':
    case 'NONCE_GAP':
    case 'REPLACE_UNDERPRICED':
    case 'FEE_CAP_TOO_LOW':
    case 'NOT_ENOUGH_FUNDS':
    case 'TOO_MANY_PENDING':
    case 'MESSAGE_TOO_BIG':
    case 'MESSAGE_INVALID':
    case 'SIGNATURE_INVALID':
    case 'BAD_PARAMS':
    case 'REFUSED':
      return true
    default:
      return false
  }
}
