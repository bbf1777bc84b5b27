import { type Json, shapes } from '@sealane/chain'
import { epoch as chainEpoch } from '@sealane/fil-units'
import { LedgerError } from '../../ledger/ledger-error.js'
import { unresolvable } from '../../node/devnet-node.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { type Param, params } from '../param.js'
import { stateAt } from '../state-reader.js'

/** Deals and money, and the verified registry, which holds nothing here. */
export function marketMethods({ node }: Api): Record<string, Method> {
  /** A method whose answer is always the same, once its parameters make sense. */
  const nothing = (takes: readonly Param<unknown>[], answer: Json): Method =>
    method('read', takes, () => answer)

  return {
    'Filecoin.StateMarketBalance': method(
      'read',
      [params.address, params.tipSetKey],
      async (address, key) => {
        const { state } = await stateAt(node, key)
        const balance = query.marketBalance(state, address)
        if (balance === undefined) throw unresolvable(address)
        return shapes.marketBalance.write(balance, 't')
      },
    ),
    'Filecoin.StateMarketStorageDeal': method('read', [params.dealId, params.tipSetKey], async (id, key) => {
      const { state } = await stateAt(node, key)
      const deal = query.marketDeal(state, id)
      if (deal === undefined) {
        throw new LedgerError(
          `deal ${id} not found - deal may not have completed sealing before deal proposal start epoch, or deal may have been slashed`,
        )
      }
      return dealJson(deal)
    }),
    'Filecoin.StateMarketDeals': method('read', [params.tipSetKey], async (key) =>
      Object.fromEntries(
        query.marketDeals((await stateAt(node, key)).state).map(([id, deal]) => [String(id), dealJson(deal)]),
      ),
    ),
    'Filecoin.StateDealProviderCollateralBounds': method(
      'read',
      [params.paddedSize, params.flag, params.tipSetKey],
      async (size, _verified, key) => {
        const { state } = await stateAt(node, key)
        return shapes.collateralBounds.write(query.collateralBounds(state, size), 't')
      },
    ),
    'Filecoin.StateVMCirculatingSupplyInternal': method('read', [params.tipSetKey], async (key) =>
      shapes.circulatingSupply.write(query.circulatingSupply((await stateAt(node, key)).state), 't'),
    ),
    'Filecoin.StateCirculatingSupply': method('read', [params.tipSetKey], async (key) =>
      query.circulatingSupply((await stateAt(node, key)).state).filCirculating.toString(),
    ),
    // The verified registry of this chain holds nothing: the answers are lotus' for "none".
    'Filecoin.StateVerifiedClientStatus': nothing([params.address, params.tipSetKey], null),
    // Nobody is its root either: lotus' undefined address.
    'Filecoin.StateVerifiedRegistryRootKey': nothing([params.tipSetKey], '<empty>'),
    'Filecoin.StateVerifierStatus': nothing([params.address, params.tipSetKey], null),
    'Filecoin.StateGetAllocation': nothing([params.address, params.uint, params.tipSetKey], null),
    'Filecoin.StateGetAllocationForPendingDeal': nothing([params.dealId, params.tipSetKey], null),
    'Filecoin.StateGetAllocationIdForPendingDeal': nothing([params.dealId, params.tipSetKey], 0),
    'Filecoin.StateGetAllocations': nothing([params.address, params.tipSetKey], {}),
    'Filecoin.StateGetClaim': nothing([params.address, params.uint, params.tipSetKey], null),
    'Filecoin.StateGetClaims': nothing([params.address, params.tipSetKey], {}),
  }
}

function dealJson({ proposal, state }: NonNullable<ReturnType<typeof query.marketDeal>>): Json {
  return shapes.marketDeal.write(
    {
      proposal: { ...proposal, label: typeof proposal.label === 'string' ? proposal.label : '' },
      state: {
        sectorNumber: state.sectorNumber,
        sectorStartEpoch: chainEpoch(state.sectorStartEpoch),
        lastUpdatedEpoch: chainEpoch(state.lastUpdatedEpoch),
        slashEpoch: chainEpoch(state.slashEpoch),
      },
    },
    't',
  )
}
