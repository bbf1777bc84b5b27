import { type Cid, dealProposalCid, signedProposalCid } from '@sealane/actors'
import { type AttoFil, addFil, attoFilFromText } from '@sealane/fil-units'
import { dealTransitions, next } from '@sealane/lifecycle'
import { type DealParams, identicalReason, sameUuidReason } from '@sealane/market'
import { isUniqueViolation } from '@sealane/sql'
import type { Insertable } from 'kysely'
import type { Clock } from '../clock.js'
import type { DealTable, ProviderTables, ProviderTransaction } from '../provider-db.js'
import type { Staging } from '../staging/staging.js'
import type { TransferStore } from '../transfer/transfer-store.js'
import type { CollateralFunds } from './collateral-funds.js'
import type { DealStore } from './deal-store.js'
import { groupedWriting } from './grouped-writing.js'
import type { Ledger } from './ledger.js'

type NewDeal = ReturnType<typeof rowOf>

/** All that accepted deals may hold together. */
interface Limits {
  readonly collateral: AttoFil
  /** Unit: bytes. */
  readonly stagingBytes: number
}

/** Why a deal that was good a moment ago cannot be written now. */
class LateRefusal extends Error {}

/** Writes accepted deals. Under load one fsync serves many clients. */
export class RecordDeal {
  readonly #together: ReturnType<typeof groupedWriting<ProviderTables>>

  constructor(
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly funds: CollateralFunds,
    private readonly clock: Clock,
  ) {
    this.#together = groupedWriting(deals.db)
  }

  /**
   * Takes the deal's uuid and proposal, holds its disk and collateral, and writes its row, its transfer and its log, all
   * durably or nothing. Returns the text for the client when another proposal was faster.
   */
  async record(
    params: DealParams,
    request: Uint8Array,
    normalisedCid: Cid,
    peer: string,
  ): Promise<string | undefined> {
    const row = rowOf(params, request, normalisedCid, peer, this.clock.now())
    // An offline deal holds nothing before its import: a promise of bytes costs its client nothing.
    const limits = params.isOffline ? undefined : await this.#limits()
    if (limits === 'unavailable') return 'server error: tag funds'
    try {
      await this.#together(async (trx) => {
        if (limits !== undefined) await this.#hold(trx, row, limits)
        await this.#insert(trx, row)
        this.transfers.insert(trx, row, params.isOffline)
      })
      return undefined
    } catch (cause) {
      if (cause instanceof LateRefusal) return cause.message
      throw cause
    }
  }

  async #limits(): Promise<Limits | 'unavailable'> {
    const collateral = await this.funds.limit()
    if (collateral === 'unavailable') return collateral
    return { collateral, stagingBytes: await this.staging.limitBytes() }
  }

  async #hold(trx: ProviderTransaction, row: NewDeal, limits: Limits): Promise<void> {
    const held = await this.ledger.held(trx)
    if (addFil(held.collateral, attoFilFromText(row.provider_collateral)) > limits.collateral) {
      throw new LateRefusal('server error: provider has insufficient funds to accept deal')
    }
    if (held.stagingBytes + row.staging_reserved > limits.stagingBytes) {
      throw new LateRefusal('server error: provider has no space left for storage deals')
    }
    await this.ledger.take(trx, row)
  }

  async #insert(trx: ProviderTransaction, row: NewDeal): Promise<void> {
    try {
      this.deals.insert(trx, row)
    } catch (cause) {
      if (!isUniqueViolation(cause)) throw cause
      const { identical, sameUuid } = await this.deals.clashes(row.normalised_cid, row.deal_uuid, trx)
      if (identical !== 'none') throw new LateRefusal(identicalReason(identical))
      if (sameUuid !== 'none') throw new LateRefusal(sameUuidReason(sameUuid))
      throw cause
    }
  }
}

/** The row of a deal that is accepted now; what later states fill in is empty. */
function rowOf(params: DealParams, request: Uint8Array, normalisedCid: Cid, peer: string, now: number) {
  const { clientDealProposal: signed, isOffline } = params
  const { proposal } = signed
  const transferBytes = Number(isOffline ? 0n : params.transfer.size)
  return {
    deal_uuid: params.dealUuid,
    turn: 1,
    state: isOffline ? next('deal', dealTransitions, 'Accepted', 'dataAwaited') : ('Accepted' as const),
    state_since_ms: now,
    live: 1,
    created_ms: now,
    peer_id: peer,
    normalised_cid: normalisedCid,
    proposal_cid: dealProposalCid(proposal),
    signed_proposal_cid: signedProposalCid(signed),
    params: request,
    client: proposal.client,
    provider: proposal.provider,
    piece_cid: proposal.pieceCid,
    piece_size: Number(proposal.pieceSize),
    start_epoch: proposal.startEpoch,
    end_epoch: proposal.endEpoch,
    price_per_epoch: proposal.storagePricePerEpoch.toString(),
    provider_collateral: proposal.providerCollateral.toString(),
    verified: proposal.verifiedDeal ? 1 : 0,
    offline: isOffline ? 1 : 0,
    label: typeof proposal.label === 'string' ? proposal.label : Buffer.from(proposal.label).toString('hex'),
    transfer_size: transferBytes,
    staged: 0,
    staging_reserved: transferBytes,
    collateral_reserved: isOffline ? 0 : 1,
    home_took_offer: 0,
  } satisfies Insertable<DealTable>
}
