import { hashPairsInto, installedKernels } from '@sealane/crypto'
import type { PaddedSize } from '@sealane/fil-units'
import { padCommP } from './commitment.js'
import { spreadElements } from './fr32.js'
import { PieceError } from './piece-error.js'
import { nodeBytes, parentOf, zeroNode } from './tree-node.js'

/** A payload's commitment at the smallest piece size that holds it. */
export interface CommPDigest {
  commP: Uint8Array
  paddedSize: PaddedSize
  payloadSize: bigint
}

/**
 * Payload bytes of one batch: 2,048 groups of 127 bytes, 256 KiB once expanded, so that a whole subtree is built
 * within a core's second-level cache.
 */
const batchGroups = 2048
const batchBytes = batchGroups * 127

/** Level of a batch's root: 2^13 elements of 32 bytes. */
const batchLevel = 13

/** Below this much payload commP is not defined. Source: filecoin-project/go-fil-commp-hashhash (MinPiecePayload). */
const shortestPayloadBytes = 65n

/** @throws PieceError PAYLOAD_TOO_SHORT below 65 bytes, where commP is not defined. */
export function requirePayload(payloadBytes: bigint): void {
  if (payloadBytes >= shortestPayloadBytes) return
  throw new PieceError(
    'PAYLOAD_TOO_SHORT',
    `insufficient state accumulated: commP is not defined for inputs shorter than ${shortestPayloadBytes} bytes, but only ${payloadBytes} processed so far`,
  )
}

/**
 * Computes commP while bytes arrive, in chunks of any size and with about 0.7 MB of memory whatever the payload.
 * Expansion and tree are built batch by batch; batches join as a binary counter carries.
 */
export class CommPHasher {
  /** One batch of payload, and one word to spare for the expansion. */
  private readonly words = new Uint32Array(batchBytes / 4 + 1)
  private readonly batch = new Uint8Array(this.words.buffer, 0, batchBytes)
  private readonly expanded = new Uint32Array(batchGroups * 32)
  private readonly halved = new Uint8Array(batchGroups * 64)

  /** Roots of finished subtrees by level above a batch; a gap where none waits for its sibling. */
  private readonly subtrees: (Uint8Array | undefined)[] = []

  private filled = 0
  private payload = 0n

  /** Payload bytes taken so far. */
  get payloadSize(): bigint {
    return this.payload
  }

  /** Takes the next bytes of the payload; they are copied, the chunk may be reused at once. */
  write(chunk: Uint8Array): this {
    this.payload += BigInt(chunk.length)
    for (let taken = 0; taken < chunk.length; ) {
      const part = chunk.subarray(taken, taken + batchBytes - this.filled)
      this.batch.set(part, this.filled)
      this.filled += part.length
      taken += part.length
      if (this.filled === batchBytes) {
        this.join(this.batchRoot(batchGroups))
        this.filled = 0
      }
    }
    return this
  }

  /**
   * The commitment of everything written; writing may go on afterwards.
   * @throws PieceError PAYLOAD_TOO_SHORT below 65 bytes, where commP is not defined.
   */
  digest(): CommPDigest {
    requirePayload(this.payload)
    const { root, level } = this.rootOfAll()
    return { commP: root, paddedSize: (1n << BigInt(level + 5)) as PaddedSize, payloadSize: this.payload }
  }

  /** Adds a full batch's root, carrying upwards. */
  private join(batchRoot: Uint8Array): void {
    let root = batchRoot
    let at = 0
    for (let left = this.subtrees[at]; left !== undefined; left = this.subtrees[at]) {
      root = parentOf(left, root)
      this.subtrees[at++] = undefined
    }
    this.subtrees[at] = root
  }

  /** The root and level of the whole tree, zeros filling what is missing on the right. */
  private rootOfAll(): { root: Uint8Array; level: number } {
    let rest = this.filled > 0 ? this.partialBatchRoot() : undefined
    if (this.subtrees.length === 0 && rest !== undefined) return rest
    for (const [at, left] of this.subtrees.entries()) {
      const level = batchLevel + at
      while (rest !== undefined && rest.level < level) {
        rest = { root: parentOf(rest.root, zeroNode(rest.level)), level: rest.level + 1 }
      }
      if (left === undefined) continue
      rest =
        rest === undefined ? { root: left, level } : { root: parentOf(left, rest.root), level: level + 1 }
    }
    if (rest === undefined) throw new PieceError('PAYLOAD_TOO_SHORT', 'nothing was written')
    return rest
  }

  /** The root of the batch in hand, zero-filled to the next power of two of groups. */
  private partialBatchRoot(): { root: Uint8Array; level: number } {
    const groups = Math.ceil(this.filled / 127)
    const level = 32 - Math.clz32(groups - 1)
    this.batch.fill(0, this.filled, (127 << level) + 4)
    return { root: this.batchRoot(1 << level), level: level + 2 }
  }

  /** Expands and hashes the first `groups` (a power of two) groups of the batch to one node. */
  private batchRoot(groups: number): Uint8Array {
    const native = installedKernels()?.fr32TreeRoot
    if (native !== undefined) return native(this.batch.subarray(0, groups * 127))
    spreadElements(this.words, this.expanded, groups * 4)
    let from = new Uint8Array(this.expanded.buffer, 0, groups * 128)
    let to = this.halved
    while (from.length > nodeBytes) {
      const parents = to.subarray(0, from.length / 2)
      hashPairsInto(from, parents)
      to = from
      from = parents
    }
    return from.slice()
  }
}

/** Whether a digest is of exactly the piece that a proposal names: same payload, zero-filled to the piece's size. */
export function commPMatches(digest: CommPDigest, commP: Uint8Array, paddedSize: PaddedSize): boolean {
  if (digest.paddedSize > paddedSize || commP.length !== nodeBytes) return false
  return padCommP(digest.commP, digest.paddedSize, paddedSize).every((byte, at) => byte === commP[at])
}
