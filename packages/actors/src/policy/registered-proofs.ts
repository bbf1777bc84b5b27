import { sha256 } from '@sealane/crypto'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { encodeVarint } from '../varint.js'
import { PolicyError } from './policy-error.js'

/** Sector sizes that have registered proofs, bytes. Source: go-state-types abi/sector.go. */
export const sectorSizes = {
  '2KiB': 2n << 10n,
  '8MiB': 8n << 20n,
  '512MiB': 512n << 20n,
  '32GiB': 32n << 30n,
  '64GiB': 64n << 30n,
} as const

const sizesInOrder: readonly bigint[] = Object.values(sectorSizes)

/** Sectors one WindowPoSt partition holds, per size in order. Source: rust-fil-proofs constants.rs:102-116. */
const windowPostPartitionSectors: readonly number[] = [2, 2, 2, 2349, 2300]

const EPOCHS_IN_DAY = 2880

/** What a registered seal proof number stands for. */
export interface SealProofInfo {
  sealProof: number
  /** Sector size, bytes. */
  sectorSize: bigint
  /** Length of one proof, bytes. */
  proofSizeBytes: number
  /** Matching WinningPoSt proof number. */
  winningPostProof: number
  /** Matching WindowPoSt proof number, version V1_1: the only one accepted since network version 19. */
  windowPostProof: number
  /** Matching replica update proof number. */
  updateProof: number
  synthetic: boolean
  nonInteractive: boolean
  /** The 32 bytes that separate replicas of different proofs; undefined for non-interactive ones. */
  porepId: Uint8Array | undefined
  /** Longest life of a sector, epochs. */
  maxLifetime: ChainEpoch
  /** Epochs between pre-commit and the last chance to prove; undefined for non-interactive ones. */
  maxProveCommitDuration: ChainEpoch | undefined
}

/**
 * Looks up a registered seal proof. Numbers run in families of five sizes: 0 V1, 5 V1_1, 10 V1_1 synthetic, 15 V1_2 NI.
 * @param preCommitChallengeDelay epochs; 150 on mainnet, 10 on 2k networks. It is part of the proving time allowed.
 * @throws PolicyError `UNSUPPORTED_PROOF`. Source: go-state-types abi/sector.go:77-137, builtin/v18/miner/policy.go
 */
export function proofInfo(sealProof: number, preCommitChallengeDelay = 150): SealProofInfo {
  const family = Math.floor(sealProof / 5)
  const sizeIndex = sealProof % 5
  const sectorSize = sizesInOrder[sizeIndex]
  if (sectorSize === undefined || family < 0 || family > 3 || !Number.isInteger(sealProof))
    throw unsupported(sealProof)
  const large = sizeIndex >= 3
  const first = family === 0
  const nonInteractive = family === 3
  const interactiveProofBytes = large ? 1920 : 192
  return {
    sealProof,
    sectorSize,
    proofSizeBytes: nonInteractive ? (large ? 23092 : 14164) : interactiveProofBytes,
    winningPostProof: sizeIndex,
    windowPostProof: 10 + sizeIndex,
    updateProof: sizeIndex,
    synthetic: family === 2,
    nonInteractive,
    porepId: nonInteractive ? undefined : porepId(sealProof),
    maxLifetime: epoch(first ? 540 * EPOCHS_IN_DAY : 5 * 365 * EPOCHS_IN_DAY),
    maxProveCommitDuration: nonInteractive
      ? undefined
      : epoch((first ? 1 : 30) * EPOCHS_IN_DAY + preCommitChallengeDelay),
  }
}

/** What a registered PoSt proof number stands for. */
export interface PostProofInfo {
  postProof: number
  /** Sector size, bytes. */
  sectorSize: bigint
  /** Length of the proof of one partition, bytes. */
  proofSizeBytes: number
  kind: 'winning' | 'window'
  /** Sectors per partition; undefined for WinningPoSt. */
  partitionSectors: number | undefined
  /** The V1_1 number of the same size; undefined for WinningPoSt. */
  v11: number | undefined
}

/** Looks up a registered PoSt proof: 0 winning, 5 window V1, 10 window V1_1. @throws PolicyError `UNSUPPORTED_PROOF` */
export function postProofInfo(postProof: number): PostProofInfo {
  const family = Math.floor(postProof / 5)
  const sizeIndex = postProof % 5
  const sectorSize = sizesInOrder[sizeIndex]
  if (sectorSize === undefined || family < 0 || family > 2 || !Number.isInteger(postProof))
    throw unsupported(postProof)
  const window = family > 0
  return {
    postProof,
    sectorSize,
    proofSizeBytes: 192,
    kind: window ? 'window' : 'winning',
    partitionSectors: window ? windowPostPartitionSectors[sizeIndex] : undefined,
    v11: window ? 10 + sizeIndex : undefined,
  }
}

/** The seal proof new sectors of a size use: V1_1. @throws PolicyError `UNSUPPORTED_SECTOR_SIZE` */
export function sealProofFor(sectorSize: bigint): number {
  return 5 + sizeIndexOf(sectorSize)
}

/** The WindowPoSt proof of a size: V1_1. @throws PolicyError `UNSUPPORTED_SECTOR_SIZE` */
export function windowPostProofFor(sectorSize: bigint): number {
  return 10 + sizeIndexOf(sectorSize)
}

/** Sectors in one WindowPoSt partition of a size. @throws PolicyError `UNSUPPORTED_SECTOR_SIZE` */
export function partitionSectorsFor(sectorSize: bigint): number {
  return windowPostPartitionSectors[sizeIndexOf(sectorSize)] ?? 0
}

/** A miner's 32-byte name inside replicas and proofs: its actor id as a varint, zero padded. @throws PolicyError */
export function proverId(actorId: number | bigint): Uint8Array {
  if (
    (typeof actorId === 'number' && !Number.isSafeInteger(actorId)) ||
    actorId < 0 ||
    BigInt(actorId) >= 1n << 63n
  ) {
    throw new PolicyError('INVALID_ACTOR_ID', 'IDs must be less than 2^63')
  }
  const id = new Uint8Array(32)
  id.set(encodeVarint(BigInt(actorId)))
  return id
}

/**
 * The 32 bytes a replica is encoded with.
 * @throws PolicyError `UNSUPPORTED_PROOF` for non-interactive proofs, `INVALID_LENGTH` unless ticket and CommD are 32 bytes
 * Source: rust-fil-proofs storage-proofs-porep stacked/vanilla/params.rs generate_replica_id
 */
export function replicaId(options: {
  sealProof: number
  minerId: number
  sectorNumber: number
  ticket: Uint8Array
  commD: Uint8Array
}): Uint8Array {
  const { porepId: domain } = proofInfo(options.sealProof)
  if (domain === undefined) throw unsupported(options.sealProof)
  requireLength('ticket', options.ticket)
  requireLength('CommD', options.commD)
  const input = new Uint8Array(32 + 8 + 32 + 32 + 32)
  input.set(proverId(options.minerId))
  new DataView(input.buffer).setBigUint64(32, BigInt(options.sectorNumber))
  input.set(options.ticket, 40)
  input.set(options.commD, 72)
  input.set(domain, 104)
  const digest = sha256(input).slice()
  // Field elements have 254 bits.
  digest[31] = (digest[31] ?? 0) & 0x3f
  return digest
}

function requireLength(what: string, bytes: Uint8Array): void {
  if (bytes.length !== 32) throw new PolicyError('INVALID_LENGTH', `invalid ${what} length ${bytes.length}`)
}

function porepId(sealProof: number): Uint8Array {
  const id = new Uint8Array(32)
  id[0] = sealProof
  return id
}

function sizeIndexOf(sectorSize: bigint): number {
  const index = sizesInOrder.indexOf(sectorSize)
  if (index < 0)
    throw new PolicyError('UNSUPPORTED_SECTOR_SIZE', `no registered proof for sectors of ${sectorSize} bytes`)
  return index
}

function unsupported(proof: number): PolicyError {
  return new PolicyError('UNSUPPORTED_PROOF', `unsupported proof type: ${proof}`)
}
