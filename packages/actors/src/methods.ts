import { blake2b } from '@noble/hashes/blake2.js'

/** A method name that FRC-0042 does not allow. */
export class MethodNameError extends Error {
  override readonly name = 'MethodNameError'
  readonly code = 'METHOD_NAME_INVALID'
  readonly remedy = 'drop'
}

const utf8 = new TextEncoder()
/** Numbers below are left to methods numbered by hand. Source: FRC-0042 (1 << 24). */
const FIRST_EXPORTED_METHOD = 1 << 24

/**
 * The number of an exported method, from its name: the first four bytes of blake2b-512("1|" + name) that read as
 * at least 2^24. @throws MethodNameError. Source: FRC-0042
 */
export function exportedMethod(name: string): number {
  if (name === 'Constructor') return 1
  if (name === '') throw new MethodNameError('method name must be non-empty')
  if (!/^[\p{Lu}_]/u.test(name)) {
    throw new MethodNameError(
      `Method name first letter must be uppercase or underscore, method name: ${name}`,
    )
  }
  if (!/^[\p{L}\p{Nd}_]*$/u.test(name)) {
    throw new MethodNameError(`method name has illegal characters, method name: ${name}`)
  }
  const digest = blake2b(utf8.encode(`1|${name}`), { dkLen: 64 })
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length)
  for (let at = 0; at + 4 <= digest.length; at += 4) {
    const number = view.getUint32(at)
    if (number >= FIRST_EXPORTED_METHOD) return number
  }
  throw new MethodNameError(`no method number for ${name}`)
}

/** A plain transfer, for every actor. */
export const SEND = 0

// Numbers at network version 28 (actors v18), under the names of go-state-types.
// Source: filecoin-project/go-state-types builtin/methods.go, builtin-actors miner/src/lib.rs:109-168.

export const minerMethods = {
  Constructor: 1,
  ControlAddresses: 2,
  ChangeWorkerAddress: 3,
  ChangePeerID: 4,
  SubmitWindowedPoSt: 5,
  TerminateSectors: 9,
  DeclareFaults: 10,
  DeclareFaultsRecovered: 11,
  OnDeferredCronEvent: 12,
  CheckSectorProven: 13,
  ApplyRewards: 14,
  ReportConsensusFault: 15,
  WithdrawBalance: 16,
  InternalSectorSetupForPreseal: 17,
  ChangeMultiaddrs: 18,
  CompactPartitions: 19,
  CompactSectorNumbers: 20,
  ConfirmChangeWorkerAddress: 21,
  RepayDebt: 22,
  ChangeOwnerAddress: 23,
  DisputeWindowedPoSt: 24,
  PreCommitSectorBatch2: 28,
  ChangeBeneficiary: 30,
  GetBeneficiary: 31,
  ExtendSectorExpiration2: 32,
  ProveCommitSectors3: 34,
  ProveReplicaUpdates3: 35,
  ProveCommitSectorsNI: 36,
} as const

/** Miner methods of older networks: messages still on chain carry them; sent today they end with exit code 22. */
export const retiredMinerMethods = {
  PreCommitSector: 6,
  ProveCommitSector: 7,
  ExtendSectorExpiration: 8,
  PreCommitSectorBatch: 25,
  ProveCommitAggregate: 26,
  ProveReplicaUpdates: 27,
  ProveReplicaUpdates2: 29,
} as const

export const marketMethods = {
  Constructor: 1,
  AddBalance: 2,
  WithdrawBalance: 3,
  PublishStorageDeals: 4,
  VerifyDealsForActivation: 5,
  BatchActivateDeals: 6,
  OnMinerSectorsTerminate: 7,
  CronTick: 9,
  SettleDealPayments: 1900091594,
  /** The notification a miner sends to f05 when a sector holding its deals is activated. */
  SectorContentChanged: 2034386435,
} as const

export const powerMethods = {
  Constructor: 1,
  CreateMiner: 2,
  UpdateClaimedPower: 3,
  EnrollCronEvent: 4,
  CronTick: 5,
  UpdatePledgeTotal: 6,
  SubmitPoRepForBulkVerify: 8,
  CurrentTotalPower: 9,
} as const

export const initMethods = { Constructor: 1, Exec: 2, Exec4: 3 } as const

export const cronMethods = { Constructor: 1, EpochTick: 2 } as const

export const rewardMethods = {
  Constructor: 1,
  AwardBlockReward: 2,
  ThisEpochReward: 3,
  UpdateNetworkKPI: 4,
} as const

export const accountMethods = {
  Constructor: 1,
  PubkeyAddress: 2,
  /** Asks an account or a contract whether a signature over given bytes is its own. */
  AuthenticateMessage: 2643134072,
} as const

export const verifregMethods = {
  Constructor: 1,
  AddVerifier: 2,
  RemoveVerifier: 3,
  AddVerifiedClient: 4,
  UseBytes: 5,
  RestoreBytes: 6,
  RemoveVerifiedClientDataCap: 7,
  RemoveExpiredAllocations: 8,
  ClaimAllocations: 9,
  GetClaims: 10,
  ExtendClaimTerms: 11,
  RemoveExpiredClaims: 12,
} as const

export const multisigMethods = {
  Constructor: 1,
  Propose: 2,
  Approve: 3,
  Cancel: 4,
  AddSigner: 5,
  RemoveSigner: 6,
  SwapSigner: 7,
  ChangeNumApprovalsThreshold: 8,
  LockBalance: 9,
} as const

export const paychMethods = { Constructor: 1, UpdateChannelState: 2, Settle: 3, Collect: 4 } as const

export const eamMethods = { Constructor: 1, Create: 2, Create2: 3, CreateExternal: 4 } as const

export const evmMethods = {
  Constructor: 1,
  Resurrect: 2,
  GetBytecode: 3,
  GetBytecodeHash: 4,
  GetStorageAt: 5,
  InvokeContractDelegate: 6,
  InvokeContract: 3844450837,
} as const

/** Called on any actor that receives tokens of another. */
export const UNIVERSAL_RECEIVER_HOOK = 3726118371

/** Methods of other actors that are gone; for display. */
const retiredMarketMethods = { ComputeDataCommitment: 8 }
const retiredPowerMethods = { OnConsensusFault: 7 }

/** Kinds of builtin actor, as Lotus names them in `fil/<n>/<kind>`. */
export type ActorKind =
  | 'account'
  | 'cron'
  | 'datacap'
  | 'eam'
  | 'ethaccount'
  | 'evm'
  | 'init'
  | 'multisig'
  | 'paymentchannel'
  | 'reward'
  | 'storagemarket'
  | 'storageminer'
  | 'storagepower'
  | 'system'
  | 'verifiedregistry'

const numbered: Record<ActorKind, Record<string, number>> = {
  account: accountMethods,
  cron: cronMethods,
  datacap: { Constructor: 1 },
  eam: eamMethods,
  ethaccount: { Constructor: 1 },
  evm: evmMethods,
  init: initMethods,
  multisig: multisigMethods,
  paymentchannel: paychMethods,
  reward: rewardMethods,
  storagemarket: { ...marketMethods, ...retiredMarketMethods },
  storageminer: { ...minerMethods, ...retiredMinerMethods },
  storagepower: { ...powerMethods, ...retiredPowerMethods },
  system: { Constructor: 1 },
  verifiedregistry: verifregMethods,
}

/** Methods any actor may call, by name; their numbers follow from the names (FRC-0042). */
const exported: Partial<Record<ActorKind, readonly string[]>> = {
  datacap: [
    'Mint',
    'Destroy',
    'Name',
    'Symbol',
    'TotalSupply',
    'Balance',
    'Transfer',
    'TransferFrom',
    'IncreaseAllowance',
    'DecreaseAllowance',
    'RevokeAllowance',
    'Burn',
    'BurnFrom',
    'Allowance',
    'Granularity',
  ],
  multisig: [
    'Propose',
    'Approve',
    'Cancel',
    'AddSigner',
    'RemoveSigner',
    'SwapSigner',
    'ChangeNumApprovalsThreshold',
    'LockBalance',
  ],
  storagemarket: [
    'AddBalance',
    'WithdrawBalance',
    'PublishStorageDeals',
    'GetBalance',
    'GetDealDataCommitment',
    'GetDealClient',
    'GetDealProvider',
    'GetDealLabel',
    'GetDealTerm',
    'GetDealTotalPrice',
    'GetDealClientCollateral',
    'GetDealProviderCollateral',
    'GetDealVerified',
    'GetDealActivation',
    'GetDealSector',
    'SettleDealPayments',
    'SectorContentChanged',
  ],
  storageminer: [
    'ChangeWorkerAddress',
    'ChangePeerID',
    'WithdrawBalance',
    'ChangeMultiaddrs',
    'ConfirmChangeWorkerAddress',
    'RepayDebt',
    'ChangeOwnerAddress',
    'ChangeBeneficiary',
    'GetBeneficiary',
    'GetOwner',
    'IsControllingAddress',
    'GetSectorSize',
    'GetAvailableBalance',
    'GetVestingFunds',
    'GetPeerID',
    'GetMultiaddrs',
    'MaxTerminationFee',
    'InitialPledge',
    'GenerateSectorLocation',
    'ValidateSectorStatus',
    'GetNominalSectorExpiration',
  ],
  storagepower: ['CreateMiner', 'NetworkRawPower', 'MinerRawPower', 'MinerCount', 'MinerConsensusCount'],
  verifiedregistry: [
    'AddVerifiedClient',
    'RemoveExpiredAllocations',
    'GetClaims',
    'ExtendClaimTerms',
    'RemoveExpiredClaims',
  ],
}

const names = new Map<ActorKind, Map<number, string>>()

/** What an operator should read for a method number of an actor kind: `PreCommitSectorBatch2`; undefined when unknown. */
export function methodName(kind: ActorKind, method: number): string | undefined {
  if (method === SEND) return 'Send'
  if (method === UNIVERSAL_RECEIVER_HOOK && kind !== 'system') return 'UniversalReceiverHook'
  let table = names.get(kind)
  if (table === undefined) {
    table = new Map((exported[kind] ?? []).map((name) => [exportedMethod(name), `${name}Exported`]))
    for (const [name, number] of Object.entries(numbered[kind])) table.set(number, name)
    names.set(kind, table)
  }
  return table.get(method)
}
