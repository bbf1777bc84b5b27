/** Registered proof types of one sector size. Numbers: filecoin-project/go-state-types abi/sector.go. */
export interface SizeProofs {
  /** Bytes. */
  sectorSize: bigint
  /** StackedDrg … V1_1. The synthetic and non-interactive kinds are not accepted on this chain. */
  sealProof: number
  /** StackedDrgWindow … V1_1. */
  windowPostProof: number
  /** Sectors in one WindowPoSt proof. */
  partitionSectors: number
  /** Bytes of one PoRep proof. */
  sealProofSize: number
}

/** Bytes of one WindowPoSt partition proof. */
export const windowPostProofSize = 192

const sizes: readonly SizeProofs[] = [
  { sectorSize: 2048n, sealProof: 5, windowPostProof: 10, partitionSectors: 2, sealProofSize: 192 },
  { sectorSize: 8n << 20n, sealProof: 6, windowPostProof: 11, partitionSectors: 2, sealProofSize: 192 },
]

export function proofsOfSealType(sealProof: number): SizeProofs | undefined {
  return sizes.find((size) => size.sealProof === sealProof)
}

export function proofsOfWindowPostType(windowPostProof: number): SizeProofs | undefined {
  return sizes.find((size) => size.windowPostProof === windowPostProof)
}

export function proofsOfSectorSize(sectorSize: bigint): SizeProofs | undefined {
  return sizes.find((size) => size.sectorSize === sectorSize)
}
