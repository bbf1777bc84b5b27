import {
  partitionSectorsFor,
  postProofInfo,
  proofInfo,
  sealProofFor,
  windowPostProofFor,
} from '@sealane/actors'
import { policy } from './policy.js'

/** The proofs of one sector size that this chain accepts: V1_1, neither synthetic nor non-interactive. */
export interface SizeProofs {
  /** Bytes. */
  sectorSize: bigint
  sealProof: number
  windowPostProof: number
  /** Sectors in one WindowPoSt proof. */
  partitionSectors: number
  /** Bytes of one PoRep proof. */
  sealProofSize: number
  /** Bytes of one WindowPoSt partition proof. */
  windowPostProofSize: number
}

const sizes: readonly SizeProofs[] = policy.sectorSizes.map((sectorSize) => {
  const sealProof = sealProofFor(sectorSize)
  const windowPostProof = windowPostProofFor(sectorSize)
  return {
    sectorSize,
    sealProof,
    windowPostProof,
    partitionSectors: partitionSectorsFor(sectorSize),
    sealProofSize: proofInfo(sealProof).proofSizeBytes,
    windowPostProofSize: postProofInfo(windowPostProof).proofSizeBytes,
  }
})

export function proofsOfSealType(sealProof: number): SizeProofs | undefined {
  return sizes.find((size) => size.sealProof === sealProof)
}

export function proofsOfWindowPostType(windowPostProof: number): SizeProofs | undefined {
  return sizes.find((size) => size.windowPostProof === windowPostProof)
}
