import { changeWorkerAddressParams } from '@sealane/actors'
import { policy } from '../policy.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import { minerOf } from './miner-funds.js'
import { receivingMiner } from './receiving-miner.js'
import { resolveController, resolveWorker } from './resolve-worker.js'

/** Method 3: control addresses change at once, the worker after a delay and method 21 (or the next deadline cron). */
export function changeWorkerAddress(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { newWorker, newControlAddrs } = decodeParams(changeWorkerAddressParams, bytes)
  const count = newControlAddrs.length
  if (count > policy.controlAddressesMax) {
    const limit = policy.controlAddressesMax
    const text = `control addresses length ${count} exceeds max control addresses length ${limit}`
    abort(exitCode.illegalArgument, text)
  }
  const worker = resolveWorker(runtime.state, newWorker)
  const controls = newControlAddrs.map((address) => resolveController(runtime.state, address, 'control'))
  requireCaller(runtime, [receivingMiner(runtime).info.owner])

  runtime.update((draft) => {
    const { info } = minerOf(draft, runtime.receiver)
    info.controls = controls
    if (worker !== info.worker && info.pendingWorker === undefined) {
      info.pendingWorker = { newWorker: worker, effectiveAt: runtime.epoch + policy.workerKeyChangeDelay }
    }
  })
  return new Uint8Array()
}
