import { join } from 'node:path'
import { parseCid, pieceCid } from '@sealane/actors'
import { mkdirDurable } from '@sealane/host'
import type { PlacedPiece } from '@sealane/proofs'
import type { workV1 } from '@sealane/proto'
import { bytesToHex, hexToBytes } from '../../pipeline/hex.js'
import { download } from '../hub.js'
import type { ClaimFiles } from '../sector-files.js'
import type { SectorManifest } from '../sector-manifest.js'
import { takeOver } from '../take-over.js'
import { claimFiles, type RunTask, sectorOf, type TaskTools } from '../task-tools.js'
import { WorkerError } from '../worker-error.js'

/** Fetches the pieces, writes the unsealed file and runs PreCommit1, all in the claim's own directory. */
export const preCommit1: RunTask<workV1.PreCommit1> = async (work, tools) => {
  const files = claimFiles(tools)
  const { options, prover, task } = tools
  const input = JSON.stringify([
    bytesToHex(work.ticket),
    ...work.pieces.map((piece) => [piece.pieceCid, piece.offset]),
  ])
  const { minerId, sectorNumber } = task
  if (await takeOver(files, { minerId, sectorNumber, work: 'preCommit1', input })) {
    const { commD } = await files.readManifest()
    return { $case: 'preCommit1', value: { commD: hexToBytes(commD) } }
  }
  const sources = await fetchPieces(work.pieces, files, tools)
  await mkdirDurable(files.cache)
  options.onProgress?.({ stage: 'AddPiece' })
  const sector = sectorOf(task)
  const packed = await prover.addPieces({ sector, pieces: sources, unsealedPath: files.unsealed }, options)
  requirePieces(work.pieces, packed.pieces, task)
  await files.writeManifest(manifestOf(work, packed, task))
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
  await files.finish()
  return { $case: 'preCommit1', value: { commD: packed.commD } }
}

async function fetchPieces(
  pieces: readonly workV1.TaskPiece[],
  files: ClaimFiles,
  tools: TaskTools,
): Promise<{ path: string; paddedSize: bigint }[]> {
  const sources: { path: string; paddedSize: bigint }[] = []
  for (const [index, piece] of pieces.entries()) {
    tools.options.onProgress?.({ stage: `fetching piece ${index + 1} of ${pieces.length}` })
    const path = join(files.dir, 'pieces', String(index))
    await download(tools, piece.hubPath, piece.payloadSize, path)
    sources.push({ path, paddedSize: BigInt(piece.paddedSize) })
  }
  return sources
}

/** What lies in the sector is what the coordinator will put on chain. Throws WorkerError PIECE_MISMATCH (`hold`). */
function requirePieces(
  wanted: readonly workV1.TaskPiece[],
  packed: readonly PlacedPiece[],
  { sectorNumber: sector }: workV1.Task,
): void {
  const placed = packed.filter((piece) => !piece.filler)
  for (const [index, { pieceCid: cid, offset }] of wanted.entries()) {
    const got = placed[index]
    if (got && pieceCid(got.commP) === parseCid(cid) && Number(got.offset) === offset) continue
    throw new WorkerError(
      { code: 'PIECE_MISMATCH', sector, pieceCid: cid },
      `piece ${cid} is not what lies at ${offset} of sector ${sector}`,
    )
  }
}

function manifestOf(
  work: workV1.PreCommit1,
  packed: { pieces: readonly PlacedPiece[]; commD: Uint8Array },
  task: workV1.Task,
): SectorManifest {
  const cids = work.pieces.map((piece) => piece.pieceCid)
  return {
    minerId: task.minerId,
    sectorNumber: task.sectorNumber,
    sectorSize: task.sectorSize,
    prover: task.prover,
    ticket: bytesToHex(work.ticket),
    ticketEpoch: work.ticketEpoch,
    commD: bytesToHex(packed.commD),
    pieces: packed.pieces.map((piece) => ({
      commP: bytesToHex(piece.commP),
      paddedSize: piece.paddedSize.toString(),
      offset: piece.offset.toString(),
      filler: piece.filler,
      pieceCid: piece.filler ? null : (cids.shift() ?? null),
    })),
  }
}
