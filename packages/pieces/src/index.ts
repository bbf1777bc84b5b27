export { blockMatchesCid } from './car/block-hash.js'
export { type CarBlock, type CarReading, readCar } from './car/read-car.js'
export { type CommPDigest, CommPHasher, commPMatches } from './comm-p-hasher.js'
export { CommPWriter } from './comm-p-writer.js'
export {
  aggregatePieces,
  commD,
  type PieceCommitment,
  padCommP,
  zeroCommitment,
} from './commitment.js'
export { fr32Pad, fr32Unpad } from './fr32.js'
export { PieceError, type PieceErrorCode } from './piece-error.js'
export { paddedSizeFor, unpaddedSizeFor } from './piece-size.js'
export {
  type Placement,
  packPieces,
  placePiece,
  requiredPadding,
  type SectorSlot,
  sectorLayout,
  usedBytes,
} from './sector-layout.js'
