import {
  address,
  addressIfAny,
  base64,
  bits,
  cid,
  decimal,
  flag,
  height,
  list,
  money,
  optional,
  type Read,
  record,
  text,
  whole,
  wholeBig,
} from './wire.js'

export type BeneficiaryTerm = Read<typeof beneficiaryTerm>
const beneficiaryTerm = record({
  quota: ['Quota', money],
  usedQuota: ['UsedQuota', money],
  expiration: ['Expiration', height],
})

export type MinerInfo = Read<typeof minerInfo>
export const minerInfo = record({
  owner: ['Owner', address],
  worker: ['Worker', address],
  newWorker: ['NewWorker', addressIfAny],
  controlAddresses: ['ControlAddresses', list(address, 'null')],
  /** -1 when no worker change is under way. */
  workerChangeEpoch: ['WorkerChangeEpoch', height],
  /** libp2p peer id as text. */
  peerId: ['PeerId', optional(text)],
  multiaddrs: ['Multiaddrs', list(base64, 'null')],
  windowPostProofType: ['WindowPoStProofType', whole],
  sectorSize: ['SectorSize', wholeBig],
  windowPostPartitionSectors: ['WindowPoStPartitionSectors', whole],
  consensusFaultElapsed: ['ConsensusFaultElapsed', height],
  pendingOwnerAddress: ['PendingOwnerAddress', optional(address)],
  beneficiary: ['Beneficiary', address],
  beneficiaryTerm: ['BeneficiaryTerm', optional(beneficiaryTerm)],
  pendingBeneficiaryTerm: [
    'PendingBeneficiaryTerm',
    optional(
      record({
        newBeneficiary: ['NewBeneficiary', address],
        newQuota: ['NewQuota', money],
        newExpiration: ['NewExpiration', height],
        approvedByBeneficiary: ['ApprovedByBeneficiary', flag],
        approvedByNominee: ['ApprovedByNominee', flag],
      }),
    ),
  ],
})

export type PowerClaim = Read<typeof powerClaim>
/** Unit: bytes; quality-adjusted power counts a verified byte ten times. */
const powerClaim = record({
  rawBytePower: ['RawBytePower', decimal],
  qualityAdjPower: ['QualityAdjPower', decimal],
})

export type MinerPower = Read<typeof minerPower>
/** All zero for an address that is no miner: lotus gives no error. */
export const minerPower = record({
  minerPower: ['MinerPower', powerClaim],
  totalPower: ['TotalPower', powerClaim],
  hasMinPower: ['HasMinPower', flag],
})

export type DeadlineInfo = Read<typeof deadlineInfo>
/** The deadline that is open at `currentEpoch`, and the network's constants. Epochs. */
export const deadlineInfo = record({
  currentEpoch: ['CurrentEpoch', height],
  periodStart: ['PeriodStart', height],
  index: ['Index', whole],
  open: ['Open', height],
  close: ['Close', height],
  challenge: ['Challenge', height],
  faultCutoff: ['FaultCutoff', height],
  wpostPeriodDeadlines: ['WPoStPeriodDeadlines', whole],
  wpostProvingPeriod: ['WPoStProvingPeriod', height],
  wpostChallengeWindow: ['WPoStChallengeWindow', height],
  wpostChallengeLookback: ['WPoStChallengeLookback', height],
  faultDeclarationCutoff: ['FaultDeclarationCutoff', height],
})

export type Deadline = Read<typeof deadline>
export const deadline = record({
  /** Partitions proven in the window that is open, or was open last. */
  postSubmissions: ['PostSubmissions', bits],
  disputableProofCount: ['DisputableProofCount', whole],
  dailyFee: ['DailyFee', money],
})

export type Partition = Read<typeof partition>
export const partition = record({
  allSectors: ['AllSectors', bits],
  faultySectors: ['FaultySectors', bits],
  recoveringSectors: ['RecoveringSectors', bits],
  liveSectors: ['LiveSectors', bits],
  activeSectors: ['ActiveSectors', bits],
})

export type SectorOnChainInfo = Read<typeof sectorOnChainInfo>
export const sectorOnChainInfo = record({
  sectorNumber: ['SectorNumber', whole],
  sealProof: ['SealProof', whole],
  sealedCid: ['SealedCID', cid],
  activation: ['Activation', height],
  expiration: ['Expiration', height],
  dealWeight: ['DealWeight', decimal],
  verifiedDealWeight: ['VerifiedDealWeight', decimal],
  initialPledge: ['InitialPledge', money],
  expectedDayReward: ['ExpectedDayReward', optional(money)],
  expectedStoragePledge: ['ExpectedStoragePledge', optional(money)],
  powerBaseEpoch: ['PowerBaseEpoch', height],
  replacedDayReward: ['ReplacedDayReward', optional(money)],
  sectorKeyCid: ['SectorKeyCID', optional(cid)],
  flags: ['Flags', whole],
  dailyFee: ['DailyFee', money],
})

export type PreCommitInfo = Read<typeof preCommitInfo>
const preCommitInfo = record({
  sealProof: ['SealProof', whole],
  sectorNumber: ['SectorNumber', whole],
  sealedCid: ['SealedCID', cid],
  sealRandEpoch: ['SealRandEpoch', height],
  dealIds: ['DealIDs', list(whole, 'null')],
  expiration: ['Expiration', height],
  unsealedCid: ['UnsealedCid', optional(cid)],
})

export type PreCommitOnChainInfo = Read<typeof preCommitOnChainInfo>
export const preCommitOnChainInfo = record({
  info: ['Info', preCommitInfo],
  preCommitDeposit: ['PreCommitDeposit', money],
  preCommitEpoch: ['PreCommitEpoch', height],
})
export { preCommitInfo }

export type SectorLocation = Read<typeof sectorLocation>
export const sectorLocation = record({ deadline: ['Deadline', whole], partition: ['Partition', whole] })

export type SectorExpiration = Read<typeof sectorExpiration>
export const sectorExpiration = record({ onTime: ['OnTime', height], early: ['Early', height] })

export const sectorCount = record({
  live: ['Live', whole],
  active: ['Active', whole],
  faulty: ['Faulty', whole],
})
