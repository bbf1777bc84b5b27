import {
  BitField,
  bool,
  type ClientDealProposal,
  type DealProposal,
  dealProposal,
  dealProposalCid,
  idAddress,
  publishStorageDealsParams,
  publishStorageDealsReturn,
} from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { authenticateMessageMethod, authenticateMessageParams } from '../account/account-methods.js'
import { lookupActor } from '../account/lookup-actor.js'
import { controllers } from '../miner/control-addresses.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'
import type { ChainTables, StoredDeal } from '../state/chain-tables.js'
import { clientRequirement, totalStorageFee } from './deal-money.js'
import { covers, lock } from './escrow.js'
import { nextUpdateEpoch } from './next-update-epoch.js'
import { proposalFault } from './proposal-fault.js'

/**
 * Method 4: publishes deals of one provider. A deal that is not in order is dropped, the others go on; only when
 * none is left does the message fail. Ids come back in the order of the set bits of `validDeals`.
 */
export async function publishStorageDeals(runtime: Runtime, bytes: Uint8Array): Promise<Uint8Array> {
  const { deals } = decodeParams(publishStorageDealsParams, bytes)
  const provider = requireProvider(runtime, deals)

  const authentic: boolean[] = []
  for (const deal of deals) authentic.push(await isAuthentic(runtime, deal))
  const valid = selectValid(runtime, deals, authentic, provider)
  if (valid.length === 0) abort(exitCode.illegalArgument, 'All deal proposals invalid')

  const ids = runtime.update((draft) => valid.map(({ deal }) => storeDeal(draft, deal)))
  const validDeals = BitField.of(valid.map(({ position }) => position))
  return publishStorageDealsReturn.encode({ ids, validDeals })
}

/** The miner of the first deal; the caller must control it. */
function requireProvider(runtime: Runtime, deals: readonly ClientDealProposal[]): number {
  const address = deals[0]?.proposal.provider
  if (address === undefined) return abort(exitCode.illegalArgument, 'Empty deals parameter')
  const provider = lookupActor(runtime.state, address)
  if (provider === undefined) return abort(exitCode.notFound, `failed to resolve provider address ${address}`)
  const info = runtime.state.miners[provider]?.info
  if (info === undefined) return abort(exitCode.illegalArgument, 'deal provider is not a storage miner actor')
  if (!controllers(info).includes(runtime.caller)) {
    const caller = idAddress(runtime.caller)
    abort(exitCode.forbidden, `caller ${caller} is not worker or control address of provider ${provider}`)
  }
  return provider
}

async function isAuthentic(runtime: Runtime, deal: ClientDealProposal): Promise<boolean> {
  const { client } = deal.proposal
  // A call to a key address never seen would make its account.
  if (lookupActor(runtime.state, client) === undefined) return false
  const message = dealProposal.encode(deal.proposal)
  const params = authenticateMessageParams.encode({ signature: deal.clientSignature.data, message })
  const answer = await runtime.send(client, authenticateMessageMethod, params, attoFil(0n))
  return answer.exitCode === exitCode.ok && answer.return.length > 0 && bool.decode(answer.return)
}

interface ValidDeal {
  position: number
  deal: StoredDeal
}

function selectValid(
  runtime: Runtime,
  deals: readonly ClientDealProposal[],
  authentic: readonly boolean[],
  provider: number,
): ValidDeal[] {
  const { market } = runtime.state
  const rawProvider = deals[0]?.proposal.provider
  const clientLockup = new Map<number, bigint>()
  const cids = new Set<string>()
  let providerLockup = 0n
  const valid: ValidDeal[] = []

  for (const [position, { proposal }] of deals.entries()) {
    if (authentic[position] !== true || proposalFault(runtime.state, proposal, runtime.epoch) !== undefined)
      continue
    if (proposal.provider !== rawProvider && proposal.provider !== idAddress(provider)) continue
    const client = lookupActor(runtime.state, proposal.client)
    if (client === undefined) continue

    const clientNeeds = (clientLockup.get(client) ?? 0n) + clientRequirement(proposal)
    const providerNeeds = providerLockup + proposal.providerCollateral
    if (!covers(market, client, clientNeeds) || !covers(market, provider, providerNeeds)) continue

    const kept: DealProposal = { ...proposal, provider: idAddress(provider), client: idAddress(client) }
    const proposalCid = dealProposalCid(kept)
    if (market.pendingProposals[proposalCid] === true || cids.has(proposalCid)) continue
    // Verified deals spend the client's datacap, and nobody holds any on this chain.
    if (proposal.verifiedDeal) continue

    clientLockup.set(client, clientNeeds)
    providerLockup = providerNeeds
    cids.add(proposalCid)
    valid.push({ position, deal: { proposal: kept, proposalCid, client, provider } })
  }
  return valid
}

function storeDeal({ market }: ChainTables, deal: StoredDeal): number {
  const { proposal, client, provider } = deal
  lock(market, client, proposal.clientCollateral, 'clientCollateral')
  lock(market, client, totalStorageFee(proposal), 'clientStorageFee')
  lock(market, provider, proposal.providerCollateral, 'providerCollateral')
  const id = market.nextDealId++
  market.deals[id] = deal
  market.pendingProposals[deal.proposalCid] = true
  // Deals are looked at in a different epoch each, so that nobody can pile them up on one.
  const due = nextUpdateEpoch(id, proposal.startEpoch)
  market.dealOps[due] = [...(market.dealOps[due] ?? []), id]
  return id
}
