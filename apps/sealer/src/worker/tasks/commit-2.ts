import { join } from 'node:path'
import type { workV1 } from '@sealane/proto'
import { download } from '../hub.js'
import { type RunTask, sectorOf } from '../task-tools.js'

/** The SNARK; needs no sector file. */
export const commit2: RunTask<workV1.Commit2> = async (work, tools) => {
  const c1OutputPath = join(tools.scratchDir, 'c1.json')
  await download(tools, work.hubPath, work.c1Bytes, c1OutputPath)
  tools.options.onProgress?.({ stage: 'Commit2' })
  const { proof } = await tools.prover.commit2({ sector: sectorOf(tools.task), c1OutputPath }, tools.options)
  return { $case: 'commit2', value: { proof } }
}
