import { type Address, type Cid, idAddress } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import { currentDeadline, type DeadlineInfo, nextWindow } from '../miner/deadline-info.js'
import { availableBalance as availableOf } from '../miner/miner-funds.js'
import { activeSectors as activeOf, liveSectors } from '../miner/partition.js'
import { policy } from '../policy.js'
import { hasMinimumPower, totalPower as totalOf } from '../power/total-power.js'
import type { ChainState } from '../state/chain-state.js'
import type { MinerTables, PowerPair, SectorInfo } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { rows } from '../state/rows.js'
import { sectorSet } from '../state/sector-set.js'
import { minerAt } from './miner-at.js'

export interface MinerInfoView {
  owner: Address
  worker: Address
  /** The worker that will take over at `workerChangeEpoch`. */
  newWorker?: Address
  /** −1 when no change is pending. */
  workerChangeEpoch: number
  controlAddresses: Address[]
  peerId: Uint8Array
  multiaddrs: Uint8Array[]
  windowPostProofType: number
  sectorSize: bigint
  windowPostPartitionSectors: number
  /** −1: no consensus faults are reported here. */
  consensusFaultElapsed: number
  pendingOwnerAddress?: Address
  beneficiary: Address
  beneficiaryTerm: { quota: AttoFil; usedQuota: AttoFil; expiration: number }
  pendingBeneficiaryTerm?: {
    newBeneficiary: Address
    newQuota: AttoFil
    newExpiration: number
    approvedByBeneficiary: boolean
    approvedByNominee: boolean
  }
}

/** Undefined when the address is not a miner's: so for all queries of this file that can be undefined. */
export function minerInfo(state: ChainState, address: Address): MinerInfoView | undefined {
  const info = minerAt(state, address)?.info
  if (info === undefined) return undefined
  const { pendingWorker, pendingOwner, pendingBeneficiary, beneficiaryTerm } = info
  return {
    owner: idAddress(info.owner),
    worker: idAddress(info.worker),
    ...(pendingWorker === undefined ? {} : { newWorker: idAddress(pendingWorker.newWorker) }),
    workerChangeEpoch: pendingWorker?.effectiveAt ?? -1,
    controlAddresses: info.controls.map(idAddress),
    peerId: info.peerId,
    multiaddrs: [...info.multiaddrs],
    windowPostProofType: info.windowPostProofType,
    sectorSize: info.sectorSize,
    windowPostPartitionSectors: info.partitionSectors,
    consensusFaultElapsed: -1,
    ...(pendingOwner === undefined ? {} : { pendingOwnerAddress: idAddress(pendingOwner) }),
    beneficiary: idAddress(info.beneficiary),
    beneficiaryTerm: { ...beneficiaryTerm },
    ...(pendingBeneficiary === undefined
      ? {}
      : {
          pendingBeneficiaryTerm: {
            ...pendingBeneficiary,
            newBeneficiary: idAddress(pendingBeneficiary.newBeneficiary),
          },
        }),
  }
}

export interface PowerView {
  rawBytePower: bigint
  qualityAdjPower: bigint
}

/** Zeros for whom the chain knows no claim of. */
export function minerPower(
  state: ChainState,
  address: Address,
): { minerPower: PowerView; totalPower: PowerView; hasMinPower: boolean } {
  const id = lookupActor(state, address) ?? -1
  const claim = state.power.claims[id] ?? { raw: 0n, qa: 0n }
  return {
    minerPower: powerView(claim),
    totalPower: totalPower(state),
    hasMinPower: hasMinimumPower(state.power, id),
  }
}

export function totalPower(state: ChainState): PowerView {
  return powerView(totalOf(state.power))
}

function powerView({ raw, qa }: PowerPair): PowerView {
  return { rawBytePower: raw, qualityAdjPower: qa }
}

/** The deadline open at `epoch`. */
export function provingDeadline(
  state: ChainState,
  address: Address,
  epoch: number,
): DeadlineInfo | undefined {
  const miner = minerAt(state, address)
  return miner === undefined ? undefined : currentDeadline(miner.provingPeriodStart, epoch)
}

/** The next window of one deadline that is not over at `epoch`. */
export function nextDeadlineOpen(
  state: ChainState,
  address: Address,
  index: number,
  epoch: number,
): DeadlineInfo | undefined {
  const miner = minerAt(state, address)
  if (miner === undefined) return undefined
  return nextWindow(miner.provingPeriodStart, index, epoch)
}

export interface DeadlineView {
  /** Partitions proven in the window that is open. */
  postSubmissions: number[]
  /** 0: every PoSt is verified when it is sent, none is left to dispute. */
  disputableProofCount: number
  dailyFee: AttoFil
}

export function deadlines(state: ChainState, address: Address): DeadlineView[] | undefined {
  const miner = minerAt(state, address)
  return miner?.deadlines.map((deadline) => {
    const live = deadline.partitions.flatMap((partition) => liveSectors(partition))
    const fees = live.reduce((sum, number) => sum + (miner.sectors[number]?.dailyFee ?? 0n), 0n)
    return { postSubmissions: [...deadline.posted], disputableProofCount: 0, dailyFee: attoFil(fees) }
  })
}

export interface PartitionView {
  allSectors: number[]
  faultySectors: number[]
  recoveringSectors: number[]
  liveSectors: number[]
  activeSectors: number[]
}

export function partitions(state: ChainState, address: Address, index: number): PartitionView[] | undefined {
  return minerAt(state, address)?.deadlines[index]?.partitions.map((partition) => ({
    allSectors: [...partition.sectors],
    faultySectors: [...partition.faults],
    recoveringSectors: [...partition.recoveries],
    liveSectors: liveSectors(partition),
    activeSectors: activeOf(partition),
  }))
}

export interface SectorView {
  sectorNumber: number
  sealProof: number
  sealedCid: Cid
  activation: number
  expiration: number
  dealWeight: bigint
  verifiedDealWeight: bigint
  initialPledge: AttoFil
  powerBaseEpoch: number
  /** 1: simple quality-adjusted power. */
  flags: number
  dailyFee: AttoFil
}

/** Sectors proven and not yet removed, all or those of `numbers` that there are. */
export function sectors(
  state: ChainState,
  address: Address,
  numbers?: readonly number[],
): SectorView[] | undefined {
  const miner = minerAt(state, address)
  if (miner === undefined) return undefined
  const wanted = numbers === undefined ? undefined : new Set(numbers)
  return rows(miner.sectors)
    .filter(([number]) => wanted === undefined || wanted.has(number))
    .map(([, sector]) => sectorView(sector))
}

/** Sectors that give power now. */
export function activeSectors(state: ChainState, address: Address): SectorView[] | undefined {
  const miner = minerAt(state, address)
  return miner === undefined ? undefined : sectors(state, address, collect(miner, activeOf))
}

export function sectorInfo(state: ChainState, address: Address, number: number): SectorView | undefined {
  const sector = minerAt(state, address)?.sectors[number]
  return sector === undefined ? undefined : sectorView(sector)
}

function sectorView(sector: DeepReadonly<SectorInfo>): SectorView {
  return { ...sector, flags: 1 }
}

export interface PreCommitView {
  info: {
    sealProof: number
    sectorNumber: number
    sealedCid: Cid
    sealRandEpoch: number
    dealIds: number[]
    expiration: number
    unsealedCid?: Cid
  }
  preCommitDeposit: AttoFil
  preCommitEpoch: number
}

/** A precommit not proven yet. */
export function preCommitInfo(
  state: ChainState,
  address: Address,
  number: number,
): PreCommitView | undefined {
  const preCommit = minerAt(state, address)?.preCommits[number]
  if (preCommit === undefined) return undefined
  const { deposit, epoch, dealIds, ...info } = preCommit
  return { info: { ...info, dealIds: [...dealIds] }, preCommitDeposit: deposit, preCommitEpoch: epoch }
}

export function sectorPartition(
  state: ChainState,
  address: Address,
  number: number,
): { deadline: number; partition: number } | undefined {
  for (const [deadline, { partitions: all }] of minerAt(state, address)?.deadlines.entries() ?? []) {
    const partition = all.findIndex((candidate) => candidate.sectors.includes(number))
    if (partition >= 0) return { deadline, partition }
  }
  return undefined
}

/** When a sector leaves: on time, or early (0: not scheduled so). */
export function sectorExpiration(
  state: ChainState,
  address: Address,
  number: number,
): { onTime: number; early: number } | undefined {
  const place = sectorPartition(state, address, number)
  if (place === undefined) return undefined
  const partition = minerAt(state, address)?.deadlines[place.deadline]?.partitions[place.partition]
  const queue = rows(partition?.expirations ?? {})
  const onTime = queue.find(([, set]) => set.onTime.includes(number))?.[0] ?? 0
  const early = queue.find(([, set]) => set.early.includes(number))?.[0] ?? 0
  return onTime === 0 && early === 0 ? undefined : { onTime, early }
}

/** Sector numbers ever precommitted: they cannot be used again. */
export function allocated(state: ChainState, address: Address): number[] | undefined {
  const numbers = minerAt(state, address)?.allocated
  return numbers === undefined ? undefined : [...numbers]
}

export function isAllocated(state: ChainState, address: Address, number: number): boolean | undefined {
  return minerAt(state, address)?.allocated.includes(number)
}

export function faults(state: ChainState, address: Address): number[] | undefined {
  const miner = minerAt(state, address)
  return miner === undefined ? undefined : collect(miner, (partition) => partition.faults)
}

export function recoveries(state: ChainState, address: Address): number[] | undefined {
  const miner = minerAt(state, address)
  return miner === undefined ? undefined : collect(miner, (partition) => partition.recoveries)
}

/** What the miner could spend: not locked, not owed; vested funds that no message has freed yet are counted in. */
export function availableBalance(state: ChainState, address: Address, epoch: number): AttoFil | undefined {
  const id = lookupActor(state, address)
  const miner = id === undefined ? undefined : state.miners[id]
  if (id === undefined || miner === undefined) return undefined
  const vested = miner.vesting.reduce((sum, fund) => sum + (fund.epoch < epoch ? fund.amount : 0n), 0n)
  return attoFil(availableOf(miner, state.actors[id]?.balance ?? 0n) + vested)
}

export interface SectorCountView {
  live: number
  active: number
  faulty: number
}

export function sectorCount(state: ChainState, address: Address): SectorCountView | undefined {
  const miner = minerAt(state, address)
  if (miner === undefined) return undefined
  return {
    live: collect(miner, liveSectors).length,
    active: collect(miner, activeOf).length,
    faulty: collect(miner, (partition) => partition.faults).length,
  }
}

/** The constants that go with every deadline of the Lotus API. */
export const deadlineConstants = {
  wPoStPeriodDeadlines: policy.periodDeadlines,
  wPoStProvingPeriod: policy.provingPeriod,
  wPoStChallengeWindow: policy.challengeWindow,
  wPoStChallengeLookback: policy.challengeLookback,
  faultDeclarationCutoff: policy.faultDeclarationCutoff,
} as const

function collect(
  miner: DeepReadonly<MinerTables>,
  pick: (
    partition: DeepReadonly<MinerTables>['deadlines'][number]['partitions'][number],
  ) => readonly number[],
): number[] {
  return sectorSet(
    miner.deadlines.flatMap((deadline) => deadline.partitions.flatMap((partition) => pick(partition))),
  )
}
