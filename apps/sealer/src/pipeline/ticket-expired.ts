import type { Sector } from '../sealer-db.js'
import type { StepTools } from './step.js'

/** True when a PreCommit with this sector's ticket would be refused as too old. */
export function ticketExpired(sector: Sector, tools: StepTools): boolean {
  const head = tools.facts.headEpoch
  return head !== undefined && sector.ticket_expires_epoch !== null && head > sector.ticket_expires_epoch
}
