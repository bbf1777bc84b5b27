import { type ChainEpoch, epoch, type PaddedSize } from '@sealane/fil-units'
import { type Codec, mapped } from './codec.js'
import { int, uint64 } from './scalars.js'

/** A height on the chain, or a count of epochs (int64 on the wire). */
export const chainEpoch: Codec<ChainEpoch> = mapped(
  int,
  (value) => epoch(value),
  (value) => value,
)

/** A piece or sector size in padded bytes. The wire allows any uint64; whether it is a legal size is the reader's question. */
export const pieceSize: Codec<PaddedSize> = mapped(
  uint64,
  (value) => value as PaddedSize,
  (value) => value,
)
