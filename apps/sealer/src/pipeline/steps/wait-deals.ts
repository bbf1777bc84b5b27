import type { Step } from '../step.js'

/** Sealing must begin this long before a deal's start epoch, or the sector closes early. Unit: epochs (8 h of 30 s). */
export const START_EPOCH_PRESSURE = 960

/** Epochs come at their own pace: an open sector is looked at again after at most this long. Unit: ms. */
const LOOK_MS = 30_000

/** Closes when full, when its time is up, or when a deal's start epoch comes near. */
export const waitDeals: Step = async (sector, pieces, tools) => {
  const used = pieces.reduce((end, piece) => Math.max(end, (piece.padded_offset ?? 0) + piece.piece_size), 0)
  if (used >= sector.sector_size) return { event: 'closed', detail: 'full' }
  const nowMs = tools.now()
  const closeAtMs = sector.close_at_ms ?? nowMs
  if (nowMs >= closeAtMs) return { event: 'closed', detail: 'wait_deals is over' }
  const head = tools.facts.headEpoch
  const firstStart = Math.min(...pieces.map((piece) => piece.start_epoch))
  if (head !== undefined && firstStart - head < START_EPOCH_PRESSURE) {
    return { event: 'closed', detail: `start epoch ${firstStart} is near (now ${head})` }
  }
  return {
    wait: {
      for: 'more deals, or its closing time (sectors seal closes it now)',
      who: 'sealer',
      untilEpoch: null,
    },
    wakeInMs: Math.min(closeAtMs - nowMs, LOOK_MS),
  }
}
