import { declareFaultsRecoveredParams } from '@sealane/actors'
import { decodeParams } from '../run/decode-params.js'
import type { Runtime } from '../run/runtime.js'
import { withContext } from '../run/with-context.js'
import { requireController } from './control-addresses.js'
import { declarationWindow, gatherDeclarations } from './declarations.js'
import { declareRecovered, partitionOf, requireSectorsOf } from './faults.js'
import { checkBalanceInvariants, minerOf, repayDebtsOrAbort } from './miner-funds.js'
import { deadlineOf } from './track-power.js'

/** Method 11: repays the fee debt, then marks faulty sectors to be proven again. Power comes with their next PoSt. */
export function declareFaultsRecovered(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const declared = gatherDeclarations(decodeParams(declareFaultsRecoveredParams, bytes).recoveries)
  runtime.update((draft) => {
    repayDebtsOrAbort(draft, runtime.receiver)
    requireController(runtime)
    const miner = minerOf(draft, runtime.receiver)
    for (const [index, partitions] of declared) {
      declarationWindow(miner.provingPeriodStart, index, runtime.epoch, 'recovery')
      const deadline = deadlineOf(miner, index)
      withContext(`failed to declare recoveries for deadline ${index}`, () => {
        for (const [partitionIndex, sectors] of partitions) {
          const partition = partitionOf(deadline, partitionIndex)
          withContext('failed to add recoveries', () => requireSectorsOf(partition, sectors))
          declareRecovered(partition, sectors)
        }
      })
    }
    checkBalanceInvariants(draft, runtime.receiver)
  })
  return new Uint8Array()
}
