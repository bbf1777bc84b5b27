import type { Step } from '../step.js'
import { handToWorker } from '../worker-queue.js'

export const finalizeSector: Step = (sector, _pieces, tools) => handToWorker(sector, 'finalize', tools)
