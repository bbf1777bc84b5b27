import { stat } from 'node:fs/promises'
import { c1Path } from '../../hub/hub-paths.js'
import type { Step } from '../step.js'
import { handToWorker } from '../worker-queue.js'

/** Runs anywhere, on what Commit1 left on the hub. If that is gone (a restored machine), Commit1 runs again. */
export const commit2: Step = async (sector, _pieces, tools) => {
  if (sector.proof !== null) return { event: 'commit2Done', detail: 'the proof at hand is of this seed' }
  const found = await stat(c1Path(tools.dirs.hub, sector)).catch(() => undefined)
  if (found?.size !== sector.c1_bytes) {
    return {
      event: 'commit1Spoiled',
      detail: `the hub has ${found?.size ?? 'no'} bytes of Commit1's output, not ${sector.c1_bytes}`,
    }
  }
  return await handToWorker(sector, 'c2', tools)
}
