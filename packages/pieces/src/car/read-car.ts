import type { CID } from 'multiformats/cid'
import { PieceError } from '../piece-error.js'
import { blockMatchesCid } from './block-hash.js'
import { ByteSource } from './byte-source.js'
import { takeHeader, takeLength, takeV2Layout } from './car-header.js'
import { leadingCid } from './section.js'

/** Longest section (CID and block) taken, in bytes. Source: ipld/go-car v2 (DefaultMaxAllowedSectionSize). */
const longestSectionBytes = 8 * 1024 * 1024

/** One block of a CAR. */
export interface CarBlock {
  cid: CID
  bytes: Uint8Array
  /** Where its section (with its length) starts, in bytes from the start of the CARv1 payload. */
  sectionOffset: number
}

/** A CAR whose header has been read; its blocks are read while they are iterated, once. */
export interface CarReading {
  version: 1 | 2
  roots: CID[]
  blocks: AsyncIterable<CarBlock>
}

/**
 * Reads a CARv1, or the CARv1 inside a CARv2 (its index is never believed). Memory is bounded by one section and one
 * chunk. Each block is checked against its CID unless `verify` is false.
 * @throws PieceError here for the header: CAR_HEADER_INVALID, CAR_TRUNCATED; and while iterating for the blocks:
 * CAR_SECTION_INVALID, CAR_BLOCK_MISMATCH, CAR_TRUNCATED.
 */
export async function readCar(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { verify = true }: { verify?: boolean } = {},
): Promise<CarReading> {
  const source = new ByteSource(chunks)
  const outer = await takeHeader(source)
  if (outer.version === 1) {
    return { ...outer, blocks: blocksOf(source, { start: 0, end: Number.POSITIVE_INFINITY, verify }) }
  }
  const { dataOffset, dataSize } = await takeV2Layout(source)
  await source.skip(dataOffset - source.position)
  const start = source.position
  const inner = await takeHeader(source)
  if (inner.version !== 1) {
    throw new PieceError('CAR_HEADER_INVALID', 'the CAR header is refused: a CARv2 inside a CARv2')
  }
  return {
    version: 2,
    roots: inner.roots,
    blocks: blocksOf(source, { start, end: start + dataSize, verify }),
  }
}

interface BlockRange {
  start: number
  end: number
  verify: boolean
}

async function* blocksOf(source: ByteSource, { start, end, verify }: BlockRange): AsyncGenerator<CarBlock> {
  try {
    while (source.position < end && !(await source.atEnd())) {
      const sectionOffset = source.position - start
      const length = await takeLength(source)
      if (length === undefined || length === 0 || length > longestSectionBytes) {
        throw new PieceError(
          'CAR_SECTION_INVALID',
          `a CAR section is refused: length ${length ?? 'malformed'}`,
        )
      }
      if (source.position + length > end) {
        throw new PieceError('CAR_TRUNCATED', 'a CAR section reaches beyond the data payload')
      }
      const section = await source.take(length)
      const { cid, length: cidBytes } = leadingCid(section)
      const bytes = section.subarray(cidBytes)
      if (verify && blockMatchesCid(cid, bytes) !== true) {
        throw new PieceError('CAR_BLOCK_MISMATCH', `a block is not what its CID ${cid} says`)
      }
      yield { cid, bytes, sectionOffset }
    }
    // A CARv1 ends where its bytes end; a CARv2 said how many there are.
    if (Number.isFinite(end) && source.position < end) {
      throw new PieceError('CAR_TRUNCATED', 'the CAR ends before its data payload does')
    }
  } finally {
    await source.close()
  }
}
