import { trash } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { claimsOf } from '../sector-files.js'
import { type RunTask, sectorFiles, sectorOf } from '../task-tools.js'

/** Drops layers that only sealing needs, and retires what earlier claims of this sector left behind. */
export const finalize: RunTask<workV1.Finalize> = async (work, tools) => {
  const { options, prover, task } = tools
  const files = sectorFiles(tools)
  const { storage } = files
  await tools.requireClaim()
  await files.settle(work.winningClaim)
  options.onProgress?.({ stage: 'Finalize' })
  await prover.clearCache({ sector: sectorOf(task), cacheDir: files.at('cache') }, options)
  if (!work.keepUnsealed)
    await trash(storage.path, files.at('unsealed'), `${files.name}: unsealed copy not kept`, new Date())
  for (const claim of await claimsOf(storage, task))
    await trash(storage.path, claim.files.dir, `${files.name}: finalized`, new Date())
  return { $case: 'finalize', value: {} }
}
