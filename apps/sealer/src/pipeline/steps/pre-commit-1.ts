import { withoutTicket } from '../forgotten.js'
import type { Step } from '../step.js'
import { ticketExpired } from '../ticket-expired.js'
import { handToWorker } from '../worker-queue.js'

/** Nothing has been sent with this ticket yet: when it is too old for a PreCommit, a new one costs only the work done so far. */
export const preCommit1: Step = async (sector, _pieces, tools) =>
  ticketExpired(sector, tools)
    ? { event: 'ticketExpired', facts: withoutTicket, detail: `at epoch ${tools.facts.headEpoch}` }
    : await handToWorker(sector, 'pc1', tools)
