import type { Progress } from '@sealane/proofs'

/** What a person reads of a task's progress: the stage, and the estimate where the prover gives one. */
export function stageText({ stage, secondsLeft }: Progress): string {
  return secondsLeft === undefined ? stage : `${stage}, about ${secondsLeft} s left`
}
