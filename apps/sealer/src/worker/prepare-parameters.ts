import type { Log } from '@sealane/host'
import { ensureParameters, type KeySet } from '@sealane/proofs'
import type { WorkerConfig } from '../config.js'
import { stageText } from './stage-text.js'

/**
 * Makes the proof parameters of the network's sector size while there is nothing to prove yet: WindowPoSt's first, they are small.
 * May fail: disk full. Then: the task that needs them tries again and says so.
 */
export async function prepareParameters(o: {
  config: WorkerConfig
  keySet: KeySet
  sectorSizeBytes: number
  tell: (doing: { stage: string; fraction: number }) => void
  log: Log
  signal: AbortSignal
}): Promise<void> {
  const { tasks, prover } = o.config.worker
  if (prover !== 'real' || !o.keySet.trapdoor) return
  const wanted = [
    ...(tasks.includes('post') ? (['window'] as const) : []),
    ...(tasks.includes('commit') ? (['porep'] as const) : []),
  ]
  try {
    for (const which of wanted) {
      await ensureParameters(o.keySet, which, BigInt(o.sectorSizeBytes), {
        signal: o.signal,
        onProgress: (progress) => o.tell({ stage: stageText(progress), fraction: progress.fraction ?? 0 }),
      })
    }
  } catch (error) {
    if (!o.signal.aborted) o.log.warn('proof parameters not made yet', { error })
  } finally {
    o.tell({ stage: '', fraction: 0 })
  }
}
