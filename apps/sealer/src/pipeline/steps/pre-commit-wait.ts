import type { Step } from '../step.js'
import { ASK_AGAIN_MS, untilAskAgainMs, waitForChain } from '../to-miner.js'
import { askPreCommit } from './submit-pre-commit.js'

const what = 'PreCommit to land (5 epochs of confidence)'

/** The miner's word moves it: preCommitLanded, preCommitLost. A miner restored from a backup may have forgotten the request. */
export const preCommitWait: Step = async (sector, pieces, tools) => {
  const waitMs = untilAskAgainMs(sector, tools)
  if (waitMs > 0 || sector.pre_commit_turn === null) return waitForChain(what, waitMs || ASK_AGAIN_MS)
  const outcome = await askPreCommit(sector, pieces, sector.pre_commit_turn, tools, () =>
    waitForChain(what, ASK_AGAIN_MS),
  )
  return 'heldTurn' in outcome
    ? { event: 'preCommitLost', detail: `the miner holds turn ${outcome.heldTurn} of it` }
    : outcome
}
