import { bytesToHex } from '../hex.js'
import type { Step } from '../step.js'

/** Draws seal randomness through the miner. May fail: chain behind. Then: retry; nothing has been spent yet. */
export const getTicket: Step = async (sector, _pieces, tools) => {
  const drawn = await tools.miner.drawTicket({ sectorNumber: sector.sector_number }, { signal: tools.signal })
  return {
    event: 'ticketDrawn',
    facts: {
      ticket: bytesToHex(drawn.ticket),
      ticket_epoch: drawn.epoch,
      ticket_expires_epoch: drawn.expiresEpoch,
    },
    detail: `epoch ${drawn.epoch}`,
  }
}
