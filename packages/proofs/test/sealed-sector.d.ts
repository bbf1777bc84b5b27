import type { Prover, ProverKind } from '../src/prover.js'
import type { PlacedPiece, SectorRef } from '../src/sector.js'
export declare const keySet: import('../src/key-set.js').KeySet
/** A directory of its own for one test file, and a prover whose parents cache is shared by all runs. */
export declare function proofsRoom(kind: ProverKind): {
  directory: string
  prover: Prover
  leave(): void
}
/** Bytes that look random and are the same in every run (xorshift32). */
export declare function noise(length: number, seed: number): Uint8Array
export declare const ticket: Uint8Array<ArrayBuffer>
export declare const seed: Uint8Array<ArrayBuffer>
export declare const randomness: Uint8Array<ArrayBuffer>
/** A sector on disk with everything that its next step needs. */
export interface SealedSectorFiles {
  sector: SectorRef
  data: Uint8Array
  pieces: PlacedPiece[]
  commD: Uint8Array
  commR: Uint8Array
  sealedPath: string
  unsealedPath: string
  cacheDir: string
  pc1OutputPath: string
  c1OutputPath: string
}
/** Takes one piece, as large as the sector, through addPieces, PC1, PC2 and C1. */
export declare function sealOne(
  prover: Prover,
  directory: string,
  sectorNumber: number,
  sectorSize?: bigint,
): Promise<SealedSectorFiles>
