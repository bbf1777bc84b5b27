/** A sector of a miner. The seal proof follows from the size: StackedDrg V1_1. */
export interface SectorRef {
  /** The number of the miner's ID address. */
  minerId: number
  sectorNumber: number
  /** Padded bytes. */
  sectorSize: bigint
}

/** A piece as CommD commits to it. */
export interface PieceManifest {
  /** 32 bytes. */
  commP: Uint8Array
  paddedSize: bigint
}

/** A piece in its place in a sector. */
export interface PlacedPiece extends PieceManifest {
  /** Padded bytes from the start of the sector. */
  offset: bigint
  /** True for the zero pieces between and behind the given ones. */
  filler: boolean
}

/** A sealed sector as the chain knows it. */
export interface SealedSector {
  sectorNumber: number
  /** 32 bytes. */
  commR: Uint8Array
}
