import { notePledgeChange } from '../power/note-pledge-change.js'
import type { Runtime } from '../run/runtime.js'
import { requireController } from './control-addresses.js'
import { checkBalanceInvariants, repayPartialDebt } from './miner-funds.js'

/** Method 22: pays as much of the fee debt as funds allow, vesting funds first. */
export function repayDebt(runtime: Runtime): Uint8Array {
  requireController(runtime)
  runtime.update((draft) => {
    const unlocked = repayPartialDebt(draft, runtime.receiver, runtime.epoch)
    notePledgeChange(draft, -unlocked)
    checkBalanceInvariants(draft, runtime.receiver)
  })
  return new Uint8Array()
}
