import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdirDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { bytesToHex, hexToBytes } from '../../pipeline/hex.js'
import { upload } from '../hub.js'
import { type RunTask, sectorFiles, sectorOf } from '../task-tools.js'

/** Commit1 where the sector lies; its output goes to the hub, so that Commit2 can run anywhere. */
export const commit1: RunTask<workV1.Commit1> = async (work, tools) => {
  const { options, prover } = tools
  const files = sectorFiles(tools)
  await tools.requireClaim()
  await files.settle(work.winningClaim)
  const manifest = await files.readManifest()
  await mkdirDurable(tools.scratchDir, 0o700)
  const outputPath = join(tools.scratchDir, 'c1.json')
  options.onProgress?.({ stage: 'Commit1' })
  await prover.commit1(
    {
      sector: sectorOf(tools.task),
      ticket: work.ticket,
      seed: work.seed,
      commR: work.commR,
      commD: work.commD,
      pieces: manifest.pieces.map((piece) => ({
        commP: hexToBytes(piece.commP),
        paddedSize: BigInt(piece.paddedSize),
      })),
      sealedPath: files.at('sealed'),
      cacheDir: files.at('cache'),
      outputPath,
    },
    options,
  )
  await tools.requireClaim()
  await files.writeManifest({ ...manifest, seed: bytesToHex(work.seed) })
  await upload(tools, work.hubPath, outputPath)
  return { $case: 'commit1', value: { bytes: (await stat(outputPath)).size } }
}
