/** What the operator may tune; the app gives the values. */
export class WindowPostOptions {
  /** Directory of the app's state; vanilla proofs come to lie in `hub/post` below it. */
  stateDir = ''
  /** This app's version: workers must be of the same. */
  version = ''
  /** How long vanilla proofs are waited for before sectors are skipped, ms. Undefined: half the challenge window. Longer while less than half of a partition has come. */
  vanillaBudgetMs: number | undefined = undefined
  /** How long before a deadline opens its faulty sectors are checked and declared recovered, ms of chain time. An hour is two deadlines of 30 s epochs. */
  recoveryLeadMs = 3_600_000
  /** How long before a deadline's fault cutoff its sectors are read ahead of time, ms of chain time. 0: they are not. */
  faultCheckLeadMs = 0
  /** Epochs after Open before a PoSt is sent. Source: lotus storage/wdpost/wdpost_changehandler.go:17 SubmitConfidence. */
  submitConfidenceEpochs = 4
  /** Epochs after Challenge before its randomness is used. Source: lotus storage/wdpost/wdpost_changehandler.go:16 ChallengeConfidence. */
  challengeConfidenceEpochs = 1
  /** A claim not heard of for this long is over, ms. */
  leaseMs = 15_000
  /** How often a worker says that it works, ms. */
  heartbeatMs = 3_000
}

/** Adds jobs for workers to home's queues; host's `Queues` is one. Never rejects: rounds add again what got lost. */
export abstract class PostQueue {
  abstract hint: import('@sealane/host').Queues['hint']
}
