import { declareFaultsParams } from '@sealane/actors'
import { policy } from '../policy.js'
import { decodeParams } from '../run/decode-params.js'
import type { Runtime } from '../run/runtime.js'
import { withContext } from '../run/with-context.js'
import { requireController } from './control-addresses.js'
import { declarationWindow, gatherDeclarations } from './declarations.js'
import { markFaulty, partitionOf, requireSectorsOf } from './faults.js'
import { minerOf } from './miner-funds.js'
import { trackPower } from './track-power.js'

/** Method 10: power goes now; the fee comes with the deadline cron. */
export function declareFaults(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const declared = gatherDeclarations(decodeParams(declareFaultsParams, bytes).faults)
  requireController(runtime)
  runtime.update((draft) => {
    const seed = minerOf(draft, runtime.receiver).provingPeriodStart
    for (const [index, partitions] of declared) {
      const window = declarationWindow(seed, index, runtime.epoch, 'fault')
      const faultExpiration = window.close - 1 + policy.faultMaxAge
      withContext(`failed to declare faults for deadline ${index}`, () =>
        trackPower(draft, runtime.receiver, index, (deadline) => {
          for (const [partitionIndex, sectors] of partitions) {
            const partition = partitionOf(deadline, partitionIndex)
            withContext(`failed to declare faults in partition ${partitionIndex}`, () =>
              requireSectorsOf(partition, sectors),
            )
            markFaulty(partition, sectors, faultExpiration)
          }
        }),
      )
    }
  })
  return new Uint8Array()
}
