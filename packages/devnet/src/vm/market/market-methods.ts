import type { ActorMethod } from '../run/runtime.js'
import { addBalance } from './add-balance.js'
import { getBalance } from './get-balance.js'
import { getDealActivation } from './get-deal-activation.js'
import { publishStorageDeals } from './publish-storage-deals.js'
import { sectorContentChanged } from './sector-content-changed.js'
import { settleDealPayments } from './settle-deal-payments.js'
import { withdrawBalance } from './withdraw-balance.js'

/** Methods of f05; the large numbers are those of FRC-42. */
export const marketMethods: { readonly [method: number]: ActorMethod | undefined } = {
  2: addBalance,
  822473126: addBalance,
  3: withdrawBalance,
  2280458852: withdrawBalance,
  4: publishStorageDeals,
  2236929350: publishStorageDeals,
  726108461: getBalance,
  2567238399: getDealActivation,
  1900091594: settleDealPayments,
  2034386435: sectorContentChanged,
}
