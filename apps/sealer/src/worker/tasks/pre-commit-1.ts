import { join } from 'node:path'
import { parseCid, pieceCid } from '@sealane/actors'
import { mkdirDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { bytesToHex } from '../../pipeline/hex.js'
import { download } from '../hub.js'
import { claimFiles, type RunTask, sectorOf } from '../task-tools.js'
import { WorkerError } from '../worker-error.js'

/** Fetches the pieces, writes the unsealed file and runs PreCommit1, all in the claim's own directory. */
export const preCommit1: RunTask<workV1.PreCommit1> = async (work, tools) => {
  const files = claimFiles(tools)
  const sector = sectorOf(tools.task)
  const { options, prover } = tools
  await mkdirDurable(join(files.dir, 'pieces'), 0o755)
  await mkdirDurable(files.cache)
  const sources: { path: string; paddedSize: bigint }[] = []
  for (const [index, piece] of work.pieces.entries()) {
    options.onProgress?.({ stage: `fetching piece ${index + 1} of ${work.pieces.length}` })
    const path = join(files.dir, 'pieces', String(index))
    await download(tools, piece.hubPath, piece.payloadSize, path)
    sources.push({ path, paddedSize: BigInt(piece.paddedSize) })
  }
  options.onProgress?.({ stage: 'AddPiece' })
  const packed = await prover.addPieces({ sector, pieces: sources, unsealedPath: files.unsealed }, options)
  const placed = packed.pieces.filter((piece) => !piece.filler)
  for (const [index, wanted] of work.pieces.entries()) {
    const got = placed[index]
    const right =
      got !== undefined &&
      pieceCid(got.commP) === parseCid(wanted.pieceCid) &&
      Number(got.offset) === wanted.offset
    if (!right) {
      throw new WorkerError(
        { code: 'PIECE_MISMATCH', sector: sector.sectorNumber, pieceCid: wanted.pieceCid },
        `piece ${wanted.pieceCid} is not what lies at ${wanted.offset} of sector ${sector.sectorNumber}`,
      )
    }
  }
  let next = 0
  await files.writeManifest({
    minerId: sector.minerId,
    sectorNumber: sector.sectorNumber,
    sectorSize: Number(sector.sectorSize),
    prover: tools.task.prover,
    ticket: bytesToHex(work.ticket),
    ticketEpoch: work.ticketEpoch,
    commD: bytesToHex(packed.commD),
    pieces: packed.pieces.map((piece) => ({
      commP: bytesToHex(piece.commP),
      paddedSize: piece.paddedSize.toString(),
      offset: piece.offset.toString(),
      filler: piece.filler,
      pieceCid: piece.filler ? null : (work.pieces[next++]?.pieceCid ?? null),
    })),
  })
  options.onProgress?.({ stage: 'PreCommit1' })
  await prover.preCommit1(
    {
      sector,
      ticket: work.ticket,
      pieces: packed.pieces,
      unsealedPath: files.unsealed,
      sealedPath: files.sealed,
      cacheDir: files.cache,
      outputPath: files.preCommit1Output,
      trashDir: join(files.storage.path, 'trash'),
    },
    options,
  )
  return { $case: 'preCommit1', value: { commD: packed.commD } }
}
