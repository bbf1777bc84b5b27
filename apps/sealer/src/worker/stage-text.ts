import type { Progress } from '@sealane/proofs'

/** What a person reads of a task's progress: the stage, and the estimate where the prover gives one. */
export function stageText({ stage, secondsLeft }: Progress): string {
  if (secondsLeft === undefined) return stage
  return secondsLeft > 0 ? `${stage}, about ${secondsLeft} s left` : `${stage}, longer than usual`
}
