import { type FileHandle, open, stat, statfs } from 'node:fs/promises'
import { commitmentOf, parseCid } from '@sealane/actors'
import { paddedSize } from '@sealane/fil-units'
import { fetchRange, type Identity, mkdirDurable, renameDurable, trash } from '@sealane/host'
import { type CommPDigest, CommPWriter, commPMatches } from '@sealane/pieces'
import { type Dirs, piecePath } from '../hub/hub-paths.js'
import { partPath } from '../hub/retire.js'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

export interface PullOptions {
  dirs: Dirs
  /** The provider's piece server, from our own configuration: `https://host:port`. */
  piecesUrl: string
  tls: Identity
  signal: AbortSignal
}

/** How much is hashed from disk at a time when a pull goes on. Unit: bytes. */
const READ_BYTES = 1024 * 1024
/** What a pull leaves free: the database lies on the same disk. Unit: bytes. */
const KEPT_FREE_BYTES = 512 * 1024 * 1024

/**
 * Brings a piece's bytes home: resumes from what is on disk, computes commP as they come, fsyncs, then gives them their name.
 * May fail: line cut, provider away, disk full (`retry`, from the byte reached); wrong bytes, which go to the trash: PIECE_DAMAGED (`retry`
 * from the start) when part of them lay here before, for that part may be what is wrong; else PIECE_WRONG (`drop`).
 */
export async function pullPiece(piece: Piece, o: PullOptions): Promise<void> {
  const path = piecePath(o.dirs.pieces, piece)
  // Two deals may be for the same piece, and a crash may come between the rename and the row.
  if ((await sizeOf(path)) === piece.payload_size) return
  await mkdirDurable(o.dirs.pieces, 0o700)
  const part = partPath(path, piece.deal_uuid)
  await requireSpace(o.dirs.pieces, piece.payload_size - ((await sizeOf(part)) ?? 0))
  const { digest, resumed } = await fetchInto(part, piece, o)
  const wanted = commitmentOf(parseCid(piece.piece_cid))
  if (commPMatches(digest, wanted, paddedSize(BigInt(piece.piece_size))))
    return await renameDurable(part, path)
  await trash(o.dirs.state, part, `not the bytes of ${piece.piece_cid}`, new Date())
  const actual = Buffer.from(digest.commP).toString('hex')
  throw new SealerError(
    { code: resumed ? 'PIECE_DAMAGED' : 'PIECE_WRONG', pieceCid: piece.piece_cid, actual },
    `the bytes from abroad are not piece ${piece.piece_cid}`,
  )
}

async function fetchInto(
  part: string,
  piece: Piece,
  o: PullOptions,
): Promise<{ digest: CommPDigest; resumed: boolean }> {
  const hasher = new CommPWriter()
  const file = await open(part, 'a+')
  try {
    const start = await hashExisting(file, hasher, piece.payload_size)
    const chunks = fetchRange({
      url: `${o.piecesUrl}/pieces/${piece.piece_cid}/${piece.payload_size}`,
      tls: o.tls,
      role: 'provider',
      start: BigInt(start),
      sizeBytes: BigInt(piece.payload_size),
      signal: o.signal,
    })
    for await (const chunk of chunks) {
      // Both at once: the hash is computed on other threads, the disk is waited for anyway.
      await Promise.all([hasher.write(chunk), file.appendFile(chunk)])
    }
    const [digest] = await Promise.all([hasher.digest(), file.sync()])
    return { digest, resumed: start > 0 }
  } finally {
    await file.close()
  }
}

async function hashExisting(file: FileHandle, hasher: CommPWriter, limitBytes: number): Promise<number> {
  const { size } = await file.stat()
  // More than there can be is not ours: begin again.
  if (size > limitBytes) {
    await file.truncate(0)
    return 0
  }
  const buffer = new Uint8Array(READ_BYTES)
  let at = 0
  while (at < size) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) break
    await hasher.write(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return at
}

async function requireSpace(dir: string, neededBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(dir)
  const freeBytes = bavail * bsize
  if (freeBytes >= neededBytes + KEPT_FREE_BYTES) return
  throw new SealerError(
    { code: 'HOME_DISK_FULL', dir, freeBytes, neededBytes },
    `${dir} has ${freeBytes} bytes free, a piece of ${neededBytes} needs ${neededBytes + KEPT_FREE_BYTES}: free some, or empty its trash`,
  )
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? found.size : undefined
}
