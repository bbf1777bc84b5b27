import type { Step } from '../step.js'
import { ASK_AGAIN_MS, untilAskAgainMs } from '../to-miner.js'
import { askPreCommit } from './submit-pre-commit.js'

/** seedReady moves it. A miner restored from a backup may have forgotten the PreCommit: asked again, it finds it on chain. */
export const waitSeed: Step = async (sector, pieces, tools) => {
  const now = tools.facts.headEpoch
  const what = `the seed of epoch ${sector.seed_epoch ?? '?'}${now === undefined ? '' : `, now ${now}`}`
  const waiting = (wakeInMs: number) => ({
    wait: { for: what, who: 'chain' as const, untilEpoch: sector.seed_epoch },
    wakeInMs,
  })
  const waitMs = untilAskAgainMs(sector, tools)
  if (waitMs > 0 || sector.pre_commit_turn === null) return waiting(waitMs || ASK_AGAIN_MS)
  const outcome = await askPreCommit(sector, pieces, sector.pre_commit_turn, tools, () =>
    waiting(ASK_AGAIN_MS),
  )
  // It landed, whatever else the miner remembers of it.
  return 'heldTurn' in outcome || 'event' in outcome ? waiting(ASK_AGAIN_MS) : outcome
}
