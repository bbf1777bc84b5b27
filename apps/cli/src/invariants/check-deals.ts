import { dealProposalCid, parseAddress } from '@sealane/actors'
import type { Facts, PieceFact } from './facts.js'
import type { Report } from './violation.js'

/** A deal or a piece in one of these has ended, with its reason in the row. */
const ended = new Set(['Failed', 'Expired', 'Slashed', 'Dropped'])

/**
 * P1. Whoever was told yes is found at the next owner, under the same proposal, down to the chain. Owners were read in the order in
 * which facts travel backwards, so that what one says of another has been true since before the other was read.
 */
export function checkDeals(facts: Facts, report: Report): void {
  const { client, provider, sealer, miner, chain } = facts
  const atProvider = new Map(provider?.deals.map((deal) => [deal.deal_uuid, deal]))
  const atHome = new Map(sealer?.pieces.map((piece) => [piece.deal_uuid, piece]))
  const atMiner = new Map(miner?.publications.map((one) => [one.request_id, one]))

  if (provider !== undefined) {
    for (const deal of client?.deals ?? []) {
      const row = atProvider.get(deal.dealUuid)
      if (row === undefined)
        report(
          'deal lost abroad',
          `the client was told that ${deal.dealUuid} is accepted; the provider has no row`,
          deal,
        )
      else if (row.proposal_cid !== deal.proposalCid)
        report('other proposal', `deal ${deal.dealUuid} is another proposal at the provider`, deal, row)
    }
  }
  for (const deal of provider?.deals ?? []) {
    if (ended.has(deal.state)) {
      if (deal.state === 'Failed' && deal.failure === null)
        report('ended without a reason', `deal ${deal.deal_uuid} failed and does not say why`, deal)
      continue
    }
    if (sealer === undefined || deal.home_took_offer === 0) continue
    const piece = atHome.get(deal.deal_uuid)
    if (piece === undefined)
      report('deal lost at home', `home took deal ${deal.deal_uuid}, and has no piece for it`, deal)
    else if (piece.proposal_cid !== deal.proposal_cid)
      report('other proposal', `deal ${deal.deal_uuid} is another proposal at home`, deal, piece)
    else if (piece.state === 'Dropped' && piece.failure === null)
      report(
        'ended without a reason',
        `the piece of deal ${deal.deal_uuid} was dropped and does not say why`,
        piece,
      )
  }
  for (const piece of sealer?.pieces ?? []) {
    if (provider !== undefined && !atProvider.has(piece.deal_uuid))
      report(
        'deal lost abroad',
        `home has the piece of ${piece.deal_uuid}, the provider has no such deal`,
        piece,
      )
    if (
      piece.sector_number !== null &&
      !facts.sealer?.sectors.some((one) => one.sector_number === piece.sector_number)
    )
      report(
        'sector lost',
        `the piece of ${piece.deal_uuid} lies in sector ${piece.sector_number}, which has no row`,
        piece,
      )
    if (miner === undefined || piece.deal_id === null || ended.has(piece.state)) continue
    const publication = atMiner.get(piece.deal_uuid)
    if (publication === undefined)
      report(
        'publication lost',
        `deal ${piece.deal_uuid} has deal id ${piece.deal_id}, the miner knows of no publication`,
        piece,
      )
    else if (publication.proposal_cid !== piece.proposal_cid)
      report('other proposal', `deal ${piece.deal_uuid} is another proposal at the miner`, piece, publication)
  }
  if (chain === undefined) return
  for (const publication of miner?.publications ?? []) {
    if (publication.state !== 'Published' || publication.deal_id === null) continue
    const deal = chain.deals.get(publication.deal_id)
    if (deal === undefined)
      report(
        'deal not on chain',
        `deal id ${publication.deal_id} was published and is not on chain`,
        publication,
      )
    else {
      // The market keeps the client's id address; the client signed what it wrote.
      const proposal = { ...deal.proposal, client: parseAddress(publication.client) }
      const same = chain.clientIds.get(publication.client) === deal.proposal.client
      if (!same || dealProposalCid(proposal) !== publication.proposal_cid)
        report(
          'other deal id',
          `deal id ${publication.deal_id} on chain is another proposal`,
          publication,
          deal,
        )
    }
  }
  for (const piece of sealer?.pieces ?? []) checkActive(piece, facts, report)
}

/** A sealed piece's deal is active on chain, in the sector that its row names. */
function checkActive(piece: PieceFact, { chain, miner }: Facts, report: Report): void {
  if (piece.state !== 'Sealed' || piece.deal_id === null || miner === undefined) return
  const deal = chain?.deals.get(piece.deal_id)
  if (deal === undefined) return
  if (deal.state.sectorStartEpoch < 0)
    report(
      'not active',
      `the piece of ${piece.deal_uuid} is sealed, deal ${piece.deal_id} is not active on chain`,
      piece,
      deal,
    )
  else if (deal.state.sectorNumber !== piece.sector_number)
    report(
      'other sector',
      `deal ${piece.deal_id} is in sector ${deal.state.sectorNumber} on chain`,
      piece,
      deal,
    )
}
