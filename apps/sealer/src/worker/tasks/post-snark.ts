import { join } from 'node:path'
import type { workV1 } from '@sealane/proto'
import { download } from '../hub.js'
import type { RunTask } from '../task-tools.js'

/** One partition's WindowPoSt SNARK from vanilla proofs on the miner's hub. A repeated sector stands in for a faulty one. */
export const postSnark: RunTask<workV1.PostSnark> = async (work, tools) => {
  const vanillaPaths: string[] = []
  for (const { sectorNumber, vanillaBytes } of work.sectors) {
    const path = join(tools.scratchDir, String(sectorNumber))
    if (!vanillaPaths.includes(path))
      await download(tools, `${work.hubPath}/${sectorNumber}`, vanillaBytes, path)
    vanillaPaths.push(path)
  }
  tools.options.onProgress?.({ stage: 'WindowPoSt' })
  const { proof } = await tools.prover.windowPostPartition(
    {
      minerId: tools.task.minerId,
      sectorSize: BigInt(tools.task.sectorSize),
      randomness: work.randomness,
      partitionIndex: work.partition,
      vanillaPaths,
      sectors: work.sectors.map(({ sectorNumber, commR }) => ({ sectorNumber, commR })),
    },
    tools.options,
  )
  return { $case: 'postSnark', value: { proof } }
}
