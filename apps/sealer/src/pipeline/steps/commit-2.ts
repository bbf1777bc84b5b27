import type { Step } from '../step.js'
import { handToWorker } from '../worker-queue.js'

export const commit2: Step = (sector, _pieces, tools) => handToWorker(sector, 'c2', tools)
