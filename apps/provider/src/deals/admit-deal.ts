import {
  type Address,
  dealProposalCid,
  isDefined,
  proposalSigningBytes,
  signedProposalCid,
  signerOf,
} from '@sealane/actors'
import { addFil } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import {
  type AcceptanceSettings,
  type Clash,
  type DealParams,
  type DealResponse,
  dealParams,
  identicalReason,
  judgeProposal,
  type ProposalFacts,
  sameUuidReason,
} from '@sealane/market'
import { GroupedWriting } from '@sealane/sql'
import type { Insertable } from 'kysely'
import type { AskBook } from '../asks/ask-book.js'
import type { ChainView } from '../chain/chain-view.js'
import type { Clock } from '../clock.js'
import type { ProviderConfig } from '../config.js'
import type { DealTable, ProviderTables } from '../provider-db.js'
import { ProviderError } from '../provider-error.js'
import type { Staging } from '../staging/staging.js'
import type { TransferStore } from '../transfer/transfer-store.js'
import type { CollateralFunds } from './collateral-funds.js'
import type { DealFilter } from './deal-filter.js'
import type { DealSelection } from './deal-selection.js'
import type { DealStore } from './deal-store.js'
import { goTime } from './go-time.js'
import type { Ledger } from './ledger.js'
import type { MinerAddress } from './miner-address.js'
import { SignatureJudge } from './signature-judge.js'

/** Why a deal that was good a moment ago cannot be written now. */
class LateRefusal extends Error {}

/**
 * Judges proposals and accepts them. Accepted means: the row is on disk, its client's uuid and proposal are taken, its
 * disk and collateral are held, all in one transaction. The transfer begins after the answer.
 */
export class AdmitDeal {
  readonly #signatures = new SignatureJudge()
  /** Under load one fsync serves many clients. */
  readonly #accepting: GroupedWriting<ProviderTables>

  constructor(
    private readonly config: ProviderConfig,
    private readonly selection: DealSelection,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly asks: AskBook,
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly funds: CollateralFunds,
    private readonly filter: DealFilter,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly accepted: (dealUuid: string) => void,
  ) {
    this.#accepting = new GroupedWriting(deals.db)
  }

  /** Answers one proposal from `peer`. Throws only for faults of our own: then the client gets no answer. */
  async admit(params: DealParams, peer: string): Promise<DealResponse> {
    const reason = await this.#refusal(params, peer)
    const { dealUuid, clientDealProposal: signed } = params
    const facts = { dealUuid, peer, client: signed.proposal.client, pieceCid: signed.proposal.pieceCid }
    if (reason === undefined) this.log.info('deal accepted', facts)
    else this.log.info('deal refused', { ...facts, reason })
    return { accepted: reason === undefined, message: reason ?? '' }
  }

  async #refusal(params: DealParams, peer: string): Promise<string | undefined> {
    const settings = await this.#settings()
    if (typeof settings === 'string') return settings
    let facts: ProposalFacts = {}
    for (;;) {
      const judgement = judgeProposal(params, facts, settings)
      if (judgement.verdict === 'reject') return judgement.reason
      if (judgement.verdict === 'accept') return await this.#record(params, peer)
      facts = { ...facts, [judgement.fact]: await this.#fact(judgement.fact, params) }
    }
  }

  /** The operator's settings, or why nothing can be judged yet. */
  async #settings(): Promise<AcceptanceSettings | string> {
    const provider = this.miner.get()
    if (provider === undefined) return `server error: ${new ProviderError({ code: 'MINER_UNKNOWN' }).message}`
    const network = await this.chain.network()
    if (network === 'unavailable') return 'failed validation: server error: getting chain head'
    return {
      provider,
      network: network.prefix,
      minDurationEpochs: network.policy.dealMinDuration,
      maxDurationEpochs: network.policy.dealMaxDuration,
      ...this.selection.rules(),
      maxStartDelayEpochs: this.config.deals.max_start_delay_epochs,
    }
  }

  async #fact(name: keyof ProposalFacts, params: DealParams): Promise<ProposalFacts[keyof ProposalFacts]> {
    const { proposal } = params.clientDealProposal
    switch (name) {
      case 'head':
        return await this.chain.head()
      case 'signature':
        return await this.#signature(params)
      case 'minProviderCollateral':
        return await this.chain.minProviderCollateral(proposal.pieceSize, proposal.verifiedDeal)
      case 'ask':
        return await this.asks.terms()
      case 'clientAvailable':
        return await this.chain.marketAvailable(proposal.client)
      case 'dataCap':
        return await this.chain.dataCap(proposal.client)
      case 'identical':
        return clashOf(await this.deals.live(dealProposalCid(await this.#normalised(params))))
      case 'sameUuid':
        return clashOf(await this.deals.read(params.dealUuid))
      case 'filter':
        return await this.filter.decide(params)
      case 'providerFunds':
        return await this.funds.bears(proposal.providerCollateral)
      case 'stagingFreeBytes':
        return BigInt(
          Math.max(0, (await this.staging.limitBytes()) - (await this.ledger.held()).stagingBytes),
        )
    }
  }

  /** A bad signature, an unknown client, a contract and a dead node read alike to the client, as they do with Boost. */
  async #signature(params: DealParams): Promise<'valid' | 'invalid'> {
    const { proposal, clientSignature } = params.clientDealProposal
    if (!isDefined(proposal.client) || !isDefined(proposal.provider)) return 'invalid'
    const key = await this.chain.keyOf(proposal.client)
    if (key === 'unavailable' || key === 'none') return 'invalid'
    const good = await this.#signatures.judge({
      signature: clientSignature,
      signer: signerOf(key),
      message: proposalSigningBytes(proposal),
    })
    return good ? 'valid' : 'invalid'
  }

  /** The proposal as the chain compares it: both addresses as IDs. */
  async #normalised(params: DealParams) {
    const { proposal } = params.clientDealProposal
    const client = await this.chain.idOf(proposal.client)
    const known: Address = client === 'unavailable' || client === 'none' ? proposal.client : client
    return { ...proposal, client: known }
  }

  /** Writes the accepted deal; the text when another proposal was faster. */
  async #record(params: DealParams, peer: string): Promise<string | undefined> {
    const { clientDealProposal: signed, dealUuid } = params
    const { proposal } = signed
    const normalisedCid = dealProposalCid(await this.#normalised(params))
    // The collateral of an offline deal is held from the import on: a promise of bytes costs its client nothing.
    const collateralLimit = params.isOffline ? undefined : await this.funds.limit()
    if (collateralLimit === 'unavailable') return 'server error: tag funds'
    const limitBytes = await this.staging.limitBytes()
    const now = this.clock.now()
    const row: Insertable<DealTable> = {
      deal_uuid: dealUuid,
      turn: 1,
      state: 'Accepted',
      state_since_ms: now,
      live: 1,
      created_ms: now,
      peer_id: peer,
      normalised_cid: normalisedCid,
      proposal_cid: dealProposalCid(proposal),
      signed_proposal_cid: signedProposalCid(signed),
      params: dealParams.encode(params),
      client: proposal.client,
      provider: proposal.provider,
      piece_cid: proposal.pieceCid,
      piece_size: Number(proposal.pieceSize),
      start_epoch: proposal.startEpoch,
      end_epoch: proposal.endEpoch,
      price_per_epoch: proposal.storagePricePerEpoch.toString(),
      provider_collateral: proposal.providerCollateral.toString(),
      verified: proposal.verifiedDeal ? 1 : 0,
      offline: params.isOffline ? 1 : 0,
      label:
        typeof proposal.label === 'string' ? proposal.label : Buffer.from(proposal.label).toString('hex'),
      transfer_size: Number(params.isOffline ? 0n : params.transfer.size),
      staged: 0,
      staging_reserved: Number(params.isOffline ? 0n : params.transfer.size),
      collateral_reserved: params.isOffline ? 0 : 1,
      failure: null,
      waiting: null,
      home_took_offer: 0,
      piece_state: null,
      publication_state: null,
      publish_cid: null,
      deal_id: null,
      sector_number: null,
      sector_state: null,
      pre_commit_cid: null,
      prove_commit_cid: null,
      window_post_cid: null,
      active_epoch: null,
      proven_epoch: null,
    }
    try {
      await this.#accepting.write(async (trx) => {
        const identical = await this.deals.live(normalisedCid, trx)
        if (identical !== undefined) throw new LateRefusal(identicalReason(clash(identical)))
        const same = await this.deals.read(dealUuid, trx)
        if (same !== undefined) throw new LateRefusal(sameUuidReason(clash(same)))
        const held = await this.ledger.held(trx)
        if (
          collateralLimit !== undefined &&
          addFil(held.collateral, proposal.providerCollateral) > collateralLimit
        ) {
          throw new LateRefusal('server error: provider has insufficient funds to accept deal')
        }
        if (held.stagingBytes + (row.staging_reserved ?? 0) > limitBytes) {
          throw new LateRefusal('server error: provider has no space left for storage deals')
        }
        await this.deals.insert(trx, row, `from peer ${peer}`)
        await this.ledger.take(trx, {
          staging_reserved: row.staging_reserved ?? 0,
          collateral_reserved: row.collateral_reserved ?? 0,
          provider_collateral: row.provider_collateral,
        })
        await this.transfers.insert(trx, row, params.isOffline)
        if (params.isOffline) await this.deals.move(trx, await this.deals.get(dealUuid, trx), 'dataAwaited')
      })
    } catch (cause) {
      if (cause instanceof LateRefusal) return cause.message
      throw cause
    }
    this.accepted(dealUuid)
    return undefined
  }
}

function clashOf(deal: DealTable | undefined): Clash | 'none' {
  return deal === undefined ? 'none' : clash(deal)
}

function clash(deal: DealTable): Clash {
  return { dealUuid: deal.deal_uuid, proposedAt: goTime(deal.created_ms) }
}
