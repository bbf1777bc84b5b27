import type { DealProposal } from '@sealane/actors'
import { type AttoFil, attoFil } from '@sealane/fil-units'

type Priced = Pick<DealProposal, 'storagePricePerEpoch' | 'startEpoch' | 'endEpoch' | 'clientCollateral'>

/** What the client pays over the whole deal. */
export function totalStorageFee({ storagePricePerEpoch, startEpoch, endEpoch }: Priced): AttoFil {
  return attoFil(storagePricePerEpoch * BigInt(endEpoch - startEpoch))
}

/** What the client must have in escrow. */
export function clientRequirement(proposal: Priced): AttoFil {
  return attoFil(totalStorageFee(proposal) + proposal.clientCollateral)
}
