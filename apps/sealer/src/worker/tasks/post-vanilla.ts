import { join } from 'node:path'
import { codeOf, mkdirDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { upload } from '../hub.js'
import { SectorFiles } from '../sector-files.js'
import { type RunTask, sectorFiles } from '../task-tools.js'

/** Vanilla proofs of the sectors that lie on this path, one by one: what cannot be read is told, the others go on. */
export const postVanilla: RunTask<workV1.PostVanilla> = async (work, tools) => {
  await mkdirDurable(tools.scratchDir, 0o700)
  const proven: number[] = []
  const failed: workV1.PostFailure[] = []
  const { storage } = sectorFiles(tools)
  for (const { sectorNumber, commR } of work.sectors) {
    const files = new SectorFiles(storage, tools.task.minerId, sectorNumber)
    const outputPath = join(tools.scratchDir, String(sectorNumber))
    try {
      await tools.prover.windowPostVanilla(
        {
          minerId: tools.task.minerId,
          sectorSize: BigInt(tools.task.sectorSize),
          sectorNumber,
          commR,
          sealedPath: files.at('sealed'),
          cacheDir: files.at('cache'),
          randomness: work.randomness,
          outputPath,
        },
        tools.options,
      )
    } catch (error) {
      if (tools.options.signal.aborted) throw error
      failed.push({
        sectorNumber,
        code: codeOf(error),
        text: error instanceof Error ? error.message : String(error),
      })
      continue
    }
    await upload(tools, `${work.hubPath}/${sectorNumber}`, outputPath)
    proven.push(sectorNumber)
    tools.options.onProgress?.({
      stage: 'vanilla proofs',
      fraction: (proven.length + failed.length) / work.sectors.length,
    })
  }
  return { $case: 'postVanilla', value: { proven, failed } }
}
