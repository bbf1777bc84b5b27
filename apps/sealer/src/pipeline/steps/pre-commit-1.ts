import type { Step } from '../step.js'
import { ticketExpired } from '../ticket-expired.js'
import { handToWorker } from '../worker-queue.js'

export const preCommit1: Step = async (sector, _pieces, tools) =>
  ticketExpired(sector, tools) ? { event: 'ticketExpired' } : await handToWorker(sector, 'pc1', tools)
