import { join } from 'node:path'
import { mkdirDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { upload } from '../hub.js'
import { type RunTask, sectorFiles, sectorOf } from '../task-tools.js'

/** Unseals a range from the sealed file and leaves it on the hub. */
export const unseal: RunTask<workV1.Unseal> = async (work, tools) => {
  const files = sectorFiles(tools)
  await mkdirDurable(tools.scratchDir, 0o700)
  const outputPath = join(tools.scratchDir, 'unsealed')
  tools.options.onProgress?.({ stage: 'Unseal' })
  await tools.prover.unsealRange(
    {
      sector: sectorOf(tools.task),
      ticket: work.ticket,
      commD: work.commD,
      sealedPath: files.at('sealed'),
      cacheDir: files.at('cache'),
      outputPath,
      offset: BigInt(work.offset),
      length: BigInt(work.length),
    },
    tools.options,
  )
  await upload(tools, work.hubPath, outputPath)
  return { $case: 'unseal', value: { bytes: work.length } }
}
