import type { Step } from '../step.js'
import { handToWorker } from '../worker-queue.js'

export const commit1: Step = (sector, _pieces, tools) => handToWorker(sector, 'c1', tools)
