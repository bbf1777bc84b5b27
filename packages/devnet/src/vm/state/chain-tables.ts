import type { Address, Cid, DealProposal } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { GenesisConfig } from './genesis-config.js'

/** Rows by number (actor id, sector number, deal id, epoch). Read in order through `rows`. */
export type Table<Row> = { [number: number]: Row | undefined }

export type ActorKind =
  | 'system'
  | 'init'
  | 'reward'
  | 'cron'
  | 'power'
  | 'market'
  | 'verifreg'
  | 'datacap'
  | 'account'
  | 'placeholder'
  | 'miner'

export interface ActorRecord {
  kind: ActorKind
  /** The next nonce a message of this account must carry. */
  nonce: number
  balance: AttoFil
  /** The key address of an account, the robust (f2) address of a miner; built-in actors have none. */
  address?: Address
}

/** Raw bytes, and bytes weighted by quality (10× for verified deals). */
export interface PowerPair {
  raw: bigint
  qa: bigint
}

export interface PowerClaim extends PowerPair {
  windowPostProofType: number
}

export interface PowerTables {
  claims: Table<PowerClaim>
  totalPledge: AttoFil
  /** What messages of this epoch see: written by cron, so that it cannot move within an epoch. */
  thisEpoch: PowerPair & { pledge: AttoFil }
  /** Miners whose deadline cron is due at the end of an epoch. */
  cronQueue: Table<number[]>
}

export interface DealState {
  sectorNumber: number
  sectorStartEpoch: number
  /** −1 until the first settlement. */
  lastUpdatedEpoch: number
  slashEpoch: number
}

/** A published deal. The proposal's parties are ID addresses, as the chain keeps them. */
export interface StoredDeal {
  proposal: DealProposal
  /** CID of the proposal as kept here: what may not be published twice. */
  proposalCid: Cid
  client: number
  provider: number
  /** Undefined until a sector with its piece activates it. */
  state?: DealState
}

export interface MarketTables {
  deals: Table<StoredDeal>
  nextDealId: number
  /** Proposal CIDs that may not be published again: from publishing to the first processing after activation. */
  pendingProposals: { [cid: string]: true | undefined }
  escrow: Table<AttoFil>
  locked: Table<AttoFil>
  totalClientLockedCollateral: AttoFil
  totalProviderLockedCollateral: AttoFil
  totalClientStorageFee: AttoFil
  /** Deals that cron looks at, by epoch. */
  dealOps: Table<number[]>
  /** Deals by provider and sector. */
  sectorDeals: Table<Table<number[]>>
}

export interface BeneficiaryTerm {
  quota: AttoFil
  usedQuota: AttoFil
  expiration: number
}

export interface PendingBeneficiary {
  newBeneficiary: number
  newQuota: AttoFil
  newExpiration: number
  approvedByBeneficiary: boolean
  approvedByNominee: boolean
}

export interface MinerInfo {
  owner: number
  worker: number
  controls: number[]
  pendingWorker?: { newWorker: number; effectiveAt: number }
  peerId: Uint8Array
  multiaddrs: Uint8Array[]
  windowPostProofType: number
  sectorSize: bigint
  partitionSectors: number
  pendingOwner?: number
  beneficiary: number
  beneficiaryTerm: BeneficiaryTerm
  pendingBeneficiary?: PendingBeneficiary
}

export interface PreCommit {
  sealProof: number
  sectorNumber: number
  sealedCid: Cid
  sealRandEpoch: number
  dealIds: number[]
  expiration: number
  /** Undefined: a sector of zeros. */
  unsealedCid?: Cid
  deposit: AttoFil
  epoch: number
}

export interface SectorInfo {
  sectorNumber: number
  sealProof: number
  sealedCid: Cid
  activation: number
  expiration: number
  dealWeight: bigint
  verifiedDealWeight: bigint
  initialPledge: AttoFil
  powerBaseEpoch: number
  dailyFee: AttoFil
}

/** Sectors leaving at an epoch: at the end of their life, or early because they stayed faulty too long. */
export interface ExpirationSet {
  onTime: number[]
  early: number[]
}

/** Sorted sector numbers. Power, pledge and fees are derived from them and the sector table: no memo can drift. */
export interface Partition {
  /** All ever added, terminated ones included. */
  sectors: number[]
  unproven: number[]
  faults: number[]
  recoveries: number[]
  terminated: number[]
  /** Keys are last epochs of this deadline. */
  expirations: Table<ExpirationSet>
}

export interface Deadline {
  partitions: Partition[]
  /** Partitions proven in the current window. */
  posted: number[]
}

export interface VestingFund {
  epoch: number
  amount: AttoFil
}

export interface MinerTables {
  info: MinerInfo
  preCommitDeposits: AttoFil
  lockedFunds: AttoFil
  vesting: VestingFund[]
  feeDebt: AttoFil
  initialPledge: AttoFil
  preCommits: Table<PreCommit>
  /** Sector numbers whose unproven precommit is given up from an epoch on (the first of a deadline). */
  preCommitCleanUp: Table<number[]>
  allocated: number[]
  sectors: Table<SectorInfo>
  provingPeriodStart: number
  currentDeadline: number
  deadlines: Deadline[]
  deadlineCronActive: boolean
}

/** The whole state of the chain, as drafts see it. Everybody else sees {@link ChainState}. */
export interface ChainTables {
  version: 1
  genesis: GenesisConfig
  actors: Table<ActorRecord>
  /** Key and robust addresses → actor id. */
  addresses: { [address: string]: number | undefined }
  nextActorId: number
  power: PowerTables
  market: MarketTables
  miners: Table<MinerTables>
}
