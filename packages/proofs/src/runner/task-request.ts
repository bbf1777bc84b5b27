/**
 * What a child can be asked to do. `native/src/task.rs` reads the same shapes: byte arrays are base64,
 * 64-bit sizes are decimal text, paths are absolute.
 */
export type TaskRequest =
  | {
      task: 'addPieces'
      sector: WireSector
      pieces: { path: string; paddedSize: string }[]
      unsealedPath: string
    }
  | {
      task: 'preCommit1'
      sector: WireSector
      ticket: string
      pieces: WirePiece[]
      unsealedPath: string
      sealedPath: string
      cacheDir: string
      outputPath: string
    }
  | { task: 'preCommit2'; sector: WireSector; pc1OutputPath: string; sealedPath: string; cacheDir: string }
  | {
      task: 'commit1'
      sector: WireSector
      ticket: string
      seed: string
      commR: string
      commD: string
      pieces: WirePiece[]
      sealedPath: string
      cacheDir: string
      outputPath: string
    }
  | {
      task: 'commit2' | 'commit2Trapdoor'
      sector: WireSector
      c1OutputPath: string
      parameters: string
      permitPath: string
    }
  | { task: 'clearCache'; cacheDir: string }
  | {
      task: 'unsealRange'
      sector: WireSector
      ticket: string
      commD: string
      sealedPath: string
      cacheDir: string
      outputPath: string
      offset: string
      length: string
    }
  | {
      task: 'windowPostVanilla'
      sector: WireSector
      commR: string
      sealedPath: string
      cacheDir: string
      randomness: string
      outputPath: string
    }
  | {
      task: 'windowPostPartition' | 'windowPostPartitionTrapdoor'
      minerId: number
      sectorSize: string
      randomness: string
      partitionIndex: number
      vanillaPaths: string[]
      sectors: WireSealedSector[]
      parameters: string
    }
  | {
      task: 'generateParameters'
      parameters: string
      which: 'window' | 'porep'
      sectorSize: string
      permitPath: string
    }
  | { task: 'deriveKeys'; parameters: string }

export interface WireSector {
  minerId: number
  sectorNumber: number
  sectorSize: string
}

export interface WirePiece {
  commP: string
  paddedSize: string
}

export interface WireSealedSector {
  sectorNumber: number
  commR: string
}

/** One line from the child on its descriptor 3. */
export type ChildLine =
  | { progress: { stage: string; fraction?: number } }
  | { result: unknown }
  | { error: string }
