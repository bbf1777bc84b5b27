import { requireCaller } from '../run/require-caller.js'
import type { ActorMethod } from '../run/runtime.js'
import { changeBeneficiary, getBeneficiary } from './change-beneficiary.js'
import { changeMultiaddrs } from './change-multiaddrs.js'
import { changeOwnerAddress } from './change-owner-address.js'
import { changePeerId } from './change-peer-id.js'
import { changeWorkerAddress } from './change-worker-address.js'
import { confirmChangeWorkerAddress } from './confirm-change-worker-address.js'
import { controlAddresses } from './control-addresses.js'
import { declareFaults } from './declare-faults.js'
import { declareFaultsRecovered } from './declare-faults-recovered.js'
import { preCommitSectorBatch } from './pre-commit-sector-batch.js'
import { proveCommitSectors } from './prove-commit-sectors.js'
import { repayDebt } from './repay-debt.js'
import { submitWindowedPost } from './submit-windowed-post.js'
import { withdrawBalance } from './withdraw-balance.js'

/** Methods that only the built-in actors call, and on this chain call directly: any message is a stranger's. */
const internal: ActorMethod = (runtime) => {
  requireCaller(runtime, [])
  return new Uint8Array()
}

/** Methods of a miner; the large numbers are those of FRC-42. What is not here ends with exit code 22. */
export const minerMethods: { readonly [method: number]: ActorMethod | undefined } = {
  1: internal,
  2: controlAddresses,
  3: changeWorkerAddress,
  3302309124: changeWorkerAddress,
  4: changePeerId,
  1236548004: changePeerId,
  5: submitWindowedPost,
  10: declareFaults,
  11: declareFaultsRecovered,
  12: internal,
  14: internal,
  16: withdrawBalance,
  2280458852: withdrawBalance,
  17: internal,
  18: changeMultiaddrs,
  1063480576: changeMultiaddrs,
  21: confirmChangeWorkerAddress,
  2354970453: confirmChangeWorkerAddress,
  22: repayDebt,
  3665352697: repayDebt,
  23: changeOwnerAddress,
  1010589339: changeOwnerAddress,
  28: preCommitSectorBatch,
  30: changeBeneficiary,
  1570634796: changeBeneficiary,
  31: getBeneficiary,
  4158972569: getBeneficiary,
  34: proveCommitSectors,
}
