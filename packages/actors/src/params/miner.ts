import { type AttoFil, attoFil } from '@sealane/fil-units'
import { address } from '../address.js'
import { bigInt, bigIntBytes } from '../bigint.js'
import { bitfield } from '../bitfield.js'
import { CborError } from '../cbor/cbor-error.js'
import { major } from '../cbor/cbor-reader.js'
import { type Codec, codec, type Decoded } from '../cbor/codec.js'
import { chainEpoch, pieceSize } from '../cbor/quantities.js'
import { bool, bytes, int, uint } from '../cbor/scalars.js'
import { array, nullable, type Shape, tuple } from '../cbor/structures.js'
import { cid } from '../cid.js'
import { batchReturn } from './batch-return.js'
import { filterEstimate } from './power.js'

// Parameters and returns of the storage miner actor, in wire order. Names are the camelCase of go-state-types'
// (builtin/v18/miner). Sizes are padded bytes, amounts attoFIL, proof types the registered numbers.

/** Method 1; sent by the power actor. */
export const minerConstructorParams = tuple({
  ownerAddr: address,
  workerAddr: address,
  controlAddrs: array(address),
  windowPostProofType: uint,
  peerId: bytes,
  multiaddrs: array(bytes),
})

/** Method 2. */
export const getControlAddressesReturn = tuple({
  owner: address,
  worker: address,
  controlAddrs: array(address),
})

/** Method 3: a new worker takes effect after 900 epochs and method 21; control addresses at once. */
export const changeWorkerAddressParams = tuple({ newWorker: address, newControlAddrs: array(address) })

/** Method 4: the libp2p peer id in binary, at most 128 bytes. */
export const changePeerIdParams = tuple({ newId: bytes })

/** A proof for a window or a block. */
export const postProof = tuple({ postProof: uint, proofBytes: bytes })

/** Method 5. One proof object; at most three partitions. */
export const submitWindowedPostParams = tuple({
  deadline: uint,
  partitions: array(tuple({ index: uint, skipped: bitfield })),
  proofs: array(postProof),
  chainCommitEpoch: chainEpoch,
  chainCommitRand: bytes,
})
export type SubmitWindowedPostParams = Decoded<typeof submitWindowedPostParams>

const preCommitFields = {
  sealProof: uint,
  sectorNumber: uint,
  sealedCid: cid,
  sealRandEpoch: chainEpoch,
  dealIds: array(uint),
  expiration: chainEpoch,
} satisfies Shape

/** Method 6, retired: one sector; the replace fields are of long ago. */
export const preCommitSectorParams = tuple({
  ...preCommitFields,
  replaceCapacity: bool,
  replaceSectorDeadline: uint,
  replaceSectorPartition: uint,
  replaceSectorNumber: uint,
})

/** Method 25, retired. */
export const preCommitSectorBatchParams = tuple({ sectors: array(preCommitSectorParams) })

/** Method 7, retired. */
export const proveCommitSectorParams = tuple({ sectorNumber: uint, proof: bytes })

/** Method 8, retired. */
export const extendSectorExpirationParams = tuple({
  extensions: array(tuple({ deadline: uint, partition: uint, sectors: bitfield, newExpiration: chainEpoch })),
})

const sectorsOfPartition = tuple({ deadline: uint, partition: uint, sectors: bitfield })

/** Method 9. */
export const terminateSectorsParams = tuple({ terminations: array(sectorsOfPartition) })
/** Whether all terminations are processed; the rest waits for the deadline's cron. */
export const terminateSectorsReturn = tuple({ done: bool })

/** Method 10. */
export const declareFaultsParams = tuple({ faults: array(sectorsOfPartition) })

/** Method 11. */
export const declareFaultsRecoveredParams = tuple({ recoveries: array(sectorsOfPartition) })

/** Method 12; sent by the power actor. `eventPayload` is the CBOR of a {@link cronEventPayload}. */
export const deferredCronEventParams = tuple({
  eventPayload: bytes,
  rewardSmoothed: filterEstimate,
  qualityAdjPowerSmoothed: filterEstimate,
})

/** What a miner asked its cron for: 0 worker key change, 1 proving deadline, 2 early terminations. */
export const cronEventPayload = tuple({ eventType: int })

/** Method 13. */
export const checkSectorProvenParams = tuple({ sectorNumber: uint })

/** Method 14; sent by the reward actor with the reward as value. */
export const applyRewardsParams = tuple({ reward: bigIntBytes, penalty: bigIntBytes })

/** Method 15. */
export const reportConsensusFaultParams = tuple({
  blockHeader1: bytes,
  blockHeader2: bytes,
  blockHeaderExtra: bytes,
})

/** Method 16; it returns the bare amount withdrawn ({@link bigIntBytes}). */
export const minerWithdrawBalanceParams = tuple({ amountRequested: bigIntBytes })

/** Method 17; sent at genesis only. */
export const internalSectorSetupForPresealParams = tuple({
  sectors: array(uint),
  rewardSmoothed: filterEstimate,
  rewardBaselinePower: bigInt,
  qualityAdjPowerSmoothed: filterEstimate,
})

/** Method 18: binary multiaddrs, at most 1024 bytes together. */
export const changeMultiaddrsParams = tuple({ newMultiaddrs: array(bytes) })

/** Method 19. */
export const compactPartitionsParams = tuple({ deadline: uint, partitions: bitfield })

/** Method 20. */
export const compactSectorNumbersParams = tuple({ maskSectorNumbers: bitfield })

/** Method 24. */
export const disputeWindowedPostParams = tuple({ deadline: uint, postIndex: uint })

/** Method 26, retired. */
export const proveCommitAggregateParams = tuple({ sectorNumbers: bitfield, aggregateProof: bytes })

const replica = { sectorId: uint, deadline: uint, partition: uint, newSealedSectorCid: cid } satisfies Shape
const replicaProof = { deals: array(uint), updateProofType: uint, replicaProof: bytes } satisfies Shape

/** Method 27, retired. */
export const proveReplicaUpdatesParams = tuple({ updates: array(tuple({ ...replica, ...replicaProof })) })

/** Method 29, retired. */
export const proveReplicaUpdatesParams2 = tuple({
  updates: array(tuple({ ...replica, newUnsealedSectorCid: cid, ...replicaProof })),
})

/**
 * One sector of method 28. `dealIds` must be empty: ProveCommitSectors3 refuses a pre-commit that lists deals.
 * `unsealedCid` is CommD of all pieces, null for a sector of zeros.
 */
export const sectorPreCommitInfo = tuple({ ...preCommitFields, unsealedCid: nullable(cid) })
export type SectorPreCommitInfo = Decoded<typeof sectorPreCommitInfo>

/** Method 28: all or nothing. */
export const preCommitSectorBatchParams2 = tuple({ sectors: array(sectorPreCommitInfo) })

/** What the miner's state keeps of a pre-commit. */
export const sectorPreCommitOnChainInfo = tuple({
  info: sectorPreCommitInfo,
  preCommitDeposit: bigIntBytes,
  preCommitEpoch: chainEpoch,
})

const beneficiaryChange = {
  newBeneficiary: address,
  newQuota: bigIntBytes,
  newExpiration: chainEpoch,
} satisfies Shape

/** Method 30. The param of method 23 is a bare {@link address}. */
export const changeBeneficiaryParams = tuple(beneficiaryChange)

/** Method 31. */
export const getBeneficiaryReturn = tuple({
  active: tuple({
    beneficiary: address,
    term: tuple({ quota: bigIntBytes, usedQuota: bigIntBytes, expiration: chainEpoch }),
  }),
  proposed: nullable(tuple({ ...beneficiaryChange, approvedByBeneficiary: bool, approvedByNominee: bool })),
})

/** Method 32. */
export const extendSectorExpiration2Params = tuple({
  extensions: array(
    tuple({
      deadline: uint,
      partition: uint,
      sectors: bitfield,
      sectorsWithClaims: array(
        tuple({ sectorNumber: uint, maintainClaims: array(uint), dropClaims: array(uint) }),
      ),
      newExpiration: chainEpoch,
    }),
  ),
})

/** A verified allocation that a piece claims. */
export const verifiedAllocationKey = tuple({ client: uint, id: uint })

/** Whom to tell that a piece is in: f05 with the CBOR of the deal id. */
export const dataActivationNotification = tuple({ address, payload: bytes })

/** One piece of a sector being activated; pieces are in order and aligned, gaps are zeros. */
export const pieceActivationManifest = tuple({
  cid,
  size: pieceSize,
  verifiedAllocationKey: nullable(verifiedAllocationKey),
  notify: array(dataActivationNotification),
})
export type PieceActivationManifest = Decoded<typeof pieceActivationManifest>

/** One sector of method 34. */
export const sectorActivationManifest = tuple({ sectorNumber: uint, pieces: array(pieceActivationManifest) })
export type SectorActivationManifest = Decoded<typeof sectorActivationManifest>

/** Method 34. Either one proof per sector and an empty aggregate of type null, or the reverse. */
export const proveCommitSectors3Params = tuple({
  sectorActivations: array(sectorActivationManifest),
  sectorProofs: array(bytes),
  aggregateProof: bytes,
  aggregateProofType: nullable(uint),
  requireActivationSuccess: bool,
  requireNotificationSuccess: bool,
})
export type ProveCommitSectors3Params = Decoded<typeof proveCommitSectors3Params>
export const proveCommitSectors3Return = batchReturn

/** One sector of method 35. */
export const sectorUpdateManifest = tuple({
  sector: uint,
  deadline: uint,
  partition: uint,
  newSealedCid: cid,
  pieces: array(pieceActivationManifest),
})

/** Method 35; it returns a {@link batchReturn}. */
export const proveReplicaUpdates3Params = tuple({
  sectorUpdates: array(sectorUpdateManifest),
  sectorProofs: array(bytes),
  aggregateProof: bytes,
  updateProofsType: uint,
  aggregateProofType: nullable(uint),
  requireActivationSuccess: bool,
  requireNotificationSuccess: bool,
})

/** Method 36; it returns a {@link batchReturn}. */
export const proveCommitSectorsNiParams = tuple({
  sectors: array(
    tuple({
      sealingNumber: uint,
      sealerId: uint,
      sealedCid: cid,
      sectorNumber: uint,
      sealRandEpoch: chainEpoch,
      expiration: chainEpoch,
    }),
  ),
  aggregateProof: bytes,
  sealProofType: uint,
  aggregateProofType: uint,
  provingDeadline: uint,
  requireActivationSuccess: bool,
})

/** Exported GetOwner. */
export const getOwnerReturn = tuple({ owner: address, proposed: nullable(address) })

/** An amount and the epoch at which it vests. */
export const vestingFund = tuple({ epoch: chainEpoch, amount: bigIntBytes })
export type VestingFund = Decoded<typeof vestingFund>

/** Exported GetVestingFunds: the next amount to vest, and the link to the rest. */
export const vestingFunds = tuple({ head: vestingFund, tail: cid })
export type VestingFunds = Decoded<typeof vestingFunds>

/** Exported GetPeerID: the binary peer id. */
export const getPeerIdReturn = tuple({ peerId: bytes })

/** Exported GetMultiaddrs: binary multiaddrs, one after the other. */
export const getMultiaddrsReturn = tuple({ multiAddrs: bytes })

/** Exported MaxTerminationFee; it returns the bare amount. */
export const maxTerminationFeeParams = tuple({ power: bigInt, initialPledge: bigIntBytes })

/** Exported GenerateSectorLocation: status (0 dead, 1 active, 2 faulty) and where the sector is, for {@link validateSectorStatusParams}. */
export const generateSectorLocationParams = tuple({ sectorNumber: uint })
export const generateSectorLocationReturn = tuple({ status: uint, auxData: bytes })

/** Exported ValidateSectorStatus; it returns a bare boolean. */
export const validateSectorStatusParams = tuple({ sectorNumber: uint, status: uint, auxData: bytes })

/** What a miner tells a receiver about a sector: param of the exported SectorContentChanged. */
export const sectorContentChangedParams = array(
  tuple({
    sector: uint,
    minimumCommitmentEpoch: chainEpoch,
    added: array(tuple({ data: cid, size: pieceSize, payload: bytes })),
  }),
)
export type SectorContentChangedParams = Decoded<typeof sectorContentChangedParams>

/** Per sector and piece, in the order asked: whether the receiver accepted it. */
export const sectorContentChangedReturn = array(array(bool))
export type SectorContentChangedReturn = Decoded<typeof sectorContentChangedReturn>

/** Payload of a notification to f05: the CBOR of the deal id. @throws CborError */
export function dealIdPayload(dealId: number): Uint8Array {
  return uint.encode(dealId)
}

const sectorFields = {
  sectorNumber: uint,
  sealProof: uint,
  sealedCid: cid,
  deprecatedDealIds: array(uint),
  activation: chainEpoch,
  expiration: chainEpoch,
  dealWeight: bigInt,
  verifiedDealWeight: bigInt,
  initialPledge: bigIntBytes,
  expectedDayReward: nullable(bigIntBytes),
  expectedStoragePledge: nullable(bigIntBytes),
  powerBaseEpoch: chainEpoch,
  replacedDayReward: nullable(bigIntBytes),
  sectorKeyCid: nullable(cid),
  flags: uint,
} satisfies Shape
const sectorTail = { dailyFee: bigIntBytes } satisfies Shape

const oldSector = tuple(sectorFields)
const newSector = tuple({ ...sectorFields, ...sectorTail })

/** What the miner's state keeps of a proven sector. `dailyFee` is null for sectors from before FIP-0100. */
export type SectorOnChainInfo = Decoded<typeof oldSector> & { dailyFee: AttoFil | null }

/** An array of 16; of 15 for sectors from before FIP-0100, which decode with a null daily fee and write back alike. */
export const sectorOnChainInfo: Codec<SectorOnChainInfo> = codec<SectorOnChainInfo>({
  write(writer, value) {
    const { dailyFee, ...rest } = value
    if (dailyFee === null) oldSector.write(writer, rest)
    else newSector.write(writer, { ...rest, dailyFee })
  },
  read(reader) {
    const start = reader.offset
    const length = reader.length(major.array, 16, 'sector')
    if (length !== 15 && length !== 16)
      throw new CborError('WRONG_TYPE', `a sector has 15 or 16 fields, found ${length}`)
    reader.offset = start
    return length === 15 ? { ...oldSector.read(reader), dailyFee: null } : newSector.read(reader)
  },
  zero: () => ({ ...oldSector.zero(), dailyFee: attoFil(0n) }),
})
