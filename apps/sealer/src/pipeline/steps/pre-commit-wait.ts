import type { Step } from '../step.js'
import { waitForChain } from '../to-miner.js'

/** The miner's events move it: preCommitLanded, preCommitLost. */
export const preCommitWait: Step = async () => waitForChain('PreCommit to land (5 epochs of confidence)')
