import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import type { MinerInfo } from '../state/chain-tables.js'
import { minerOf } from './miner-funds.js'
import { receivingMiner } from './receiving-miner.js'

/** Method 21: the owner lets a requested worker take over, once its delay has passed; before that nothing happens. */
export function confirmChangeWorkerAddress(runtime: Runtime): Uint8Array {
  requireCaller(runtime, [receivingMiner(runtime).info.owner])
  runtime.update((draft) => processPendingWorker(minerOf(draft, runtime.receiver).info, runtime.epoch))
  return new Uint8Array()
}

/** Puts a requested worker in place when its epoch has come. */
export function processPendingWorker(info: MinerInfo, epoch: number): void {
  const pending = info.pendingWorker
  if (pending === undefined || epoch < pending.effectiveAt) return
  info.worker = pending.newWorker
  delete info.pendingWorker
}
