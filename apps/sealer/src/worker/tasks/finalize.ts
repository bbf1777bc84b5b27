import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { trash } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import type { SectorManifest } from '../sector-files.js'
import { claimFiles, type RunTask, sectorFiles, sectorOf } from '../task-tools.js'

/** Drops layers that only sealing needs, and retires what earlier claims of this sector left behind. */
export const finalize: RunTask<workV1.Finalize> = async (work, tools) => {
  const files = sectorFiles(tools)
  await files.settle(work.winningClaim)
  tools.options.onProgress?.({ stage: 'Finalize' })
  await tools.prover.clearCache({ sector: sectorOf(tools.task), cacheDir: files.at('cache') }, tools.options)
  if (!work.keepUnsealed) {
    await trash(files.storage.path, files.at('unsealed'), `${files.name}: unsealed copy not kept`, new Date())
  }
  const claims = join(files.storage.path, 'claims')
  for (const claimId of await readdir(claims)) {
    if (
      claimId === tools.claimId ||
      !(await belongs(join(claims, claimId, 'manifest.json'), tools, claimId, work))
    )
      continue
    await trash(files.storage.path, join(claims, claimId), `${files.name}: finalized`, new Date())
  }
  return { $case: 'finalize', value: {} }
}

/** A claim directory of this sector: the winning one (its manifest has been settled away) or one whose manifest says so. */
async function belongs(
  manifestPath: string,
  tools: Parameters<typeof finalize>[1],
  claimId: string,
  work: workV1.Finalize,
): Promise<boolean> {
  if (claimId === claimFiles(tools, work.winningClaim).claimId) return true
  const text = await readFile(manifestPath, 'utf8').catch(() => undefined)
  if (text === undefined) return false
  const manifest = JSON.parse(text) as SectorManifest
  return manifest.minerId === tools.task.minerId && manifest.sectorNumber === tools.task.sectorNumber
}
