import type { Step } from '../step.js'
import { waitForChain } from '../to-miner.js'

/** The miner's events move it: proveCommitLanded, proveCommitLost. */
export const proveCommitWait: Step = async () => waitForChain('ProveCommit to land (5 epochs of confidence)')
