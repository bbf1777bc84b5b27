import type { PieceManifest, PlacedPiece, SealedSector, SectorRef } from './sector.js'
import type { TaskOptions } from './task-options.js'

/** `real` makes SNARKs from a witness; `trapdoor` from the devnet keys' public secrets, after the same checks. */
export type ProverKind = 'real' | 'trapdoor'

/**
 * The sealing and proving steps. Each call runs in a child process of its own and rejects with ProofError
 * `{code, remedy}`; files are checked for existence and length before the library sees them.
 */
export interface Prover {
  readonly kind: ProverKind

  /**
   * Writes an unsealed sector: the pieces in the given order, each at the next multiple of its size, zeros
   * elsewhere. A piece file may be shorter than its size (it is zero-extended), not longer, not empty.
   *
   * @returns everything in the sector in order, fillers included, as PC1 and C1 want it; and CommD
   */
  addPieces(
    o: { sector: SectorRef; pieces: { path: string; paddedSize: bigint }[]; unsealedPath: string },
    t?: TaskOptions,
  ): Promise<{ pieces: PlacedPiece[]; commD: Uint8Array }>

  /**
   * PreCommit 1. What is in `cacheDir` and `sealedPath` is first moved to `trashDir` (default: `trash` beside
   * the cache directory), because the library would silently reuse an old data tree.
   *
   * @throws ProofError COMMITMENT_MISMATCH if the pieces do not commit to the unsealed file
   */
  preCommit1(
    o: {
      sector: SectorRef
      ticket: Uint8Array
      pieces: PieceManifest[]
      unsealedPath: string
      sealedPath: string
      cacheDir: string
      outputPath: string
      trashDir?: string
    },
    t?: TaskOptions,
  ): Promise<void>

  /** PreCommit 2. Rewrites the sealed file in place. */
  preCommit2(
    o: { sector: SectorRef; pc1OutputPath: string; sealedPath: string; cacheDir: string },
    t?: TaskOptions,
  ): Promise<{ commR: Uint8Array; commD: Uint8Array }>

  /** Commit 1: the vanilla proofs of the seed's challenges, checked before they are written. */
  commit1(
    o: {
      sector: SectorRef
      ticket: Uint8Array
      seed: Uint8Array
      commR: Uint8Array
      commD: Uint8Array
      pieces: PieceManifest[]
      sealedPath: string
      cacheDir: string
      outputPath: string
    },
    t?: TaskOptions,
  ): Promise<void>

  /**
   * Commit 2: 192 bytes per partition. The real prover makes the PoRep parameters if they are missing
   * (devnet only), then takes the machine's permit and about 2.9 GB.
   *
   * @throws ProofError PROOF_REFUSED if the C1 output does not hold for this sector
   */
  commit2(o: { sector: SectorRef; c1OutputPath: string }, t?: TaskOptions): Promise<{ proof: Uint8Array }>

  /** Drops from the cache directory what only C1 needs. */
  clearCache(o: { sector: SectorRef; cacheDir: string }, t?: TaskOptions): Promise<void>

  /**
   * Writes `length` unpadded bytes from `offset` of the sector's data to `outputPath`. A wrong ticket or
   * CommD gives wrong bytes, not an error: recompute the piece's commitment.
   */
  unsealRange(
    o: {
      sector: SectorRef
      ticket: Uint8Array
      commD: Uint8Array
      sealedPath: string
      cacheDir: string
      outputPath: string
      offset: bigint
      length: bigint
    },
    t?: TaskOptions,
  ): Promise<void>

  /**
   * The vanilla WindowPoSt proof of one sector, checked before it is written.
   *
   * @throws ProofError FILE_MISSING, FILE_LENGTH or SECTOR_FAULTY: this sector cannot prove, skip it
   */
  windowPostVanilla(
    o: {
      minerId: number
      sectorSize: bigint
      sectorNumber: number
      commR: Uint8Array
      sealedPath: string
      cacheDir: string
      randomness: Uint8Array
      outputPath: string
    },
    t?: TaskOptions,
  ): Promise<void>

  /**
   * The SNARK of one partition: 192 bytes. Sectors ascend by number; vanilla paths are in the same order.
   * A message's proof is the concatenation of its partitions' proofs.
   */
  windowPostPartition(
    o: {
      minerId: number
      sectorSize: bigint
      randomness: Uint8Array
      partitionIndex: number
      vanillaPaths: string[]
      sectors: SealedSector[]
    },
    t?: TaskOptions,
  ): Promise<{ proof: Uint8Array }>
}
