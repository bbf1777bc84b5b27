import type { Step } from '../step.js'
import { ASK_AGAIN_MS, untilAskAgainMs, waitForChain } from '../to-miner.js'
import { askProveCommit } from './submit-prove-commit.js'

const what = 'ProveCommit to land (5 epochs of confidence)'

/** The miner's word moves it: proveCommitLanded, proveCommitLost. A miner restored from a backup may have forgotten the request. */
export const proveCommitWait: Step = async (sector, pieces, tools) => {
  const waitMs = untilAskAgainMs(sector, tools)
  if (waitMs > 0 || sector.prove_commit_turn === null) return waitForChain(what, waitMs || ASK_AGAIN_MS)
  const outcome = await askProveCommit(sector, pieces, sector.prove_commit_turn, tools, () =>
    waitForChain(what, ASK_AGAIN_MS),
  )
  return 'heldTurn' in outcome
    ? { event: 'proveCommitLost', detail: `the miner holds turn ${outcome.heldTurn} of it` }
    : outcome
}
