import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { commitmentOf, parseCid } from '@sealane/actors'
import { paddedSize } from '@sealane/fil-units'
import { fetchRange, type Identity, mkdirDurable, renameDurable, trash } from '@sealane/host'
import { CommPHasher, commPMatches } from '@sealane/pieces'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

export interface PullOptions {
  /** Where pieces lie at home: `<dir>/<piece CID>`. */
  piecesDir: string
  /** State directory, for the trash. */
  stateDir: string
  /** The provider's piece server, from our own configuration: `https://host:port`. */
  piecesUrl: string
  tls: Identity
  signal: AbortSignal
}

/** How much is hashed from disk at a time when a pull goes on. Unit: bytes. */
const READ_BYTES = 1024 * 1024

export function piecePath(piecesDir: string, pieceCid: string): string {
  return join(piecesDir, pieceCid)
}

/**
 * Brings a piece's bytes home: resumes from what is on disk, computes commP as they come, fsyncs, then gives them their name.
 * May fail: line cut, provider away. Then: retry, from the byte reached. Throws SealerError PIECE_WRONG (`drop`) when the bytes are
 * not the piece; those go to the trash.
 */
export async function pullPiece(piece: Piece, o: PullOptions): Promise<void> {
  const path = piecePath(o.piecesDir, piece.piece_cid)
  // Two deals may be for the same piece, and a crash may come between the rename and the row.
  if ((await sizeOf(path)) === piece.payload_size) return
  await mkdirDurable(o.piecesDir, 0o700)
  const part = `${path}.${piece.deal_uuid}.part`
  const hasher = new CommPHasher()
  const file = await open(part, 'a+')
  try {
    const start = await hashExisting(file, hasher, piece.payload_size)
    const chunks = fetchRange({
      url: `${o.piecesUrl}/pieces/${piece.piece_cid}`,
      tls: o.tls,
      role: 'provider',
      start: BigInt(start),
      sizeBytes: BigInt(piece.payload_size),
      signal: o.signal,
    })
    for await (const chunk of chunks) {
      hasher.write(chunk)
      await file.appendFile(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  if (
    !commPMatches(
      hasher.digest(),
      commitmentOf(parseCid(piece.piece_cid)),
      paddedSize(BigInt(piece.piece_size)),
    )
  ) {
    await trash(o.stateDir, part, `not the bytes of ${piece.piece_cid}`, new Date())
    throw new SealerError(
      {
        code: 'PIECE_WRONG',
        pieceCid: piece.piece_cid,
        actual: Buffer.from(hasher.digest().commP).toString('hex'),
      },
      `the bytes from abroad are not piece ${piece.piece_cid}`,
    )
  }
  await renameDurable(part, path)
}

async function hashExisting(
  file: Awaited<ReturnType<typeof open>>,
  hasher: CommPHasher,
  limitBytes: number,
): Promise<number> {
  const { size } = await file.stat()
  // More than there can be is not ours: begin again.
  if (size > limitBytes) {
    await file.truncate(0)
    return 0
  }
  const buffer = new Uint8Array(READ_BYTES)
  for (let at = 0; at < size; ) {
    const { bytesRead } = await file.read(buffer, 0, buffer.length, at)
    if (bytesRead === 0) break
    hasher.write(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
  return size
}

async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? found.size : undefined
}
