import type { Failure, Waiting } from '@sealane/proto'
import { type ChainClock, epochTime, since } from './clock-time.js'

/** `home to take the bytes (sealer, 3m12s)`: what a row waits for, who must act, since when; with the epoch it cannot wait beyond. */
export function waitingText(waiting: Waiting, nowMs: number, clock?: ChainClock): string {
  const facts = [
    waiting.who,
    ...(waiting.sinceMs === null ? [] : [since(nowMs, waiting.sinceMs)]),
    ...(waiting.untilEpoch === null ? [] : [`until epoch ${epochTime(clock, waiting.untilEpoch)}`]),
  ].filter((fact) => fact !== '')
  return facts.length === 0 ? waiting.for : `${waiting.for} (${facts.join(', ')})`
}

const remedyText: Readonly<Record<Failure['remedy'], string>> = {
  retry: 'tried again by itself',
  hold: 'held: a person must act',
  drop: 'given up for good',
  halt: 'this machine stopped taking work',
}

/** `PARAMETERS_MISSING: … (held: a person must act)`. */
export function failureText(failure: Failure): string {
  return `${failure.code}: ${failure.text} (${remedyText[failure.remedy]})`
}

/** `PC1 42%`, `PC1`. */
export function progressText(progress: { stage: string; fraction: number | null }): string {
  return progress.fraction === null
    ? progress.stage
    : `${progress.stage} ${Math.floor(progress.fraction * 100)}%`
}
