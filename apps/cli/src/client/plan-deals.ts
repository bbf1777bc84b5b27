import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type Cid, pieceCid } from '@sealane/actors'
import { installedKernels } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { formatSize } from '@sealane/fil-units'
import { CommPWriter } from '@sealane/pieces'
import { CliError } from '../cli-error.js'

/** Deals of one file at most. Source: the devnet's scale; a real client would cut larger files itself. */
export const maxDeals = 64
/** Below this commP is not defined. Unit: bytes. Source: go-fil-commp-hashhash (MinPiecePayload). */
export const minPayloadBytes = 65

/** One deal's bytes: a range of the file. */
export interface FilePart {
  path: string
  offset: number
  sizeBytes: number
  pieceCid: Cid
  /** Padded bytes. */
  pieceSize: bigint
}

/** Raw bytes that a sector holds: 127 of every 128. */
export function payloadOf(sectorSize: number): number {
  return (sectorSize / 128) * 127
}

/** The smallest sector size that takes the file in one deal, of those the network has (the devnet's by default); else its largest. */
export function sectorSizeFor(fileBytes: number, sizes: readonly number[] = [2 ** 11, 2 ** 23]): number {
  return sizes.find((size) => fileBytes <= payloadOf(size)) ?? Math.max(...sizes)
}

/**
 * Cuts a file into parts that each fill at most one sector, and commits to each. Throws CliError TOO_LARGE, with the size and the
 * estimated time, when it would take more than 64 deals.
 */
export async function planDeals(
  path: string,
  sectorSize: number,
  deals: number | undefined,
): Promise<FilePart[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) throw new CliError({ code: 'USAGE', reason: 'no such file' }, `no file ${path}`)
  if (found.size < minPayloadBytes) {
    throw new CliError(
      { code: 'USAGE', reason: 'file too small' },
      `${path} has ${found.size} bytes: a piece needs at least ${minPayloadBytes}`,
    )
  }
  const most = payloadOf(sectorSize)
  const count = Math.ceil(found.size / most)
  const wanted = deals ?? count
  if (wanted > maxDeals || count > maxDeals) {
    const minutes = Math.ceil((Math.max(wanted, count) * 75) / 60)
    throw new CliError(
      { code: 'TOO_LARGE', sizeBytes: found.size, deals: Math.max(wanted, count) },
      `${formatSize(BigInt(found.size))} in sectors of ${formatSize(BigInt(sectorSize))} are ${Math.max(wanted, count)} deals, about ${minutes} minutes; at most ${maxDeals} are taken`,
    )
  }
  if (wanted < count) {
    throw new CliError(
      { code: 'USAGE', reason: 'too few deals' },
      `${path} needs ${count} deals, --deals says ${wanted}`,
    )
  }
  // A last part too short to commit to is avoided by cutting evenly.
  const even = Math.ceil(found.size / count)
  const parts: FilePart[] = []
  for (let offset = 0; offset < found.size; offset += even) {
    parts.push(await filePart(path, offset, Math.min(even, found.size - offset)))
  }
  return parts
}

/** Commits to a range of a file: its piece CID and the padded size of its piece. */
export async function filePart(path: string, offset: number, sizeBytes: number): Promise<FilePart> {
  if (installedKernels() === undefined) useNativeCrypto()
  const hasher = new CommPWriter()
  for await (const chunk of createReadStream(path, { start: offset, end: offset + sizeBytes - 1 })) {
    await hasher.write(chunk as Buffer)
  }
  const { commP, paddedSize } = await hasher.digest()
  return { path, offset, sizeBytes, pieceCid: pieceCid(commP), pieceSize: paddedSize }
}
