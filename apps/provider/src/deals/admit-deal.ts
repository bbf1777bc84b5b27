import { type Cid, dealProposalCid, isDefined, proposalSigningBytes, signerOf } from '@sealane/actors'
import { Log } from '@sealane/host'
import {
  type AcceptanceSettings,
  type DealParams,
  type DealResponse,
  judgeProposal,
  type ProposalFacts,
} from '@sealane/market'
import type { AskBook } from '../asks/ask-book.js'
import type { ChainView } from '../chain/chain-view.js'
import type { ProviderConfig } from '../config.js'
import { ProviderError } from '../provider-error.js'
import type { Staging } from '../staging/staging.js'
import type { CollateralFunds } from './collateral-funds.js'
import type { DealFilter } from './deal-filter.js'
import type { DealSelection } from './deal-selection.js'
import type { DealStore } from './deal-store.js'
import type { Ledger } from './ledger.js'
import type { MinerAddress } from './miner-address.js'
import type { RecordDeal } from './record-deal.js'
import { judgeSignature } from './signature-judge.js'

/**
 * Judges proposals and accepts them. Accepted means: the row is on disk, its client's uuid and proposal are taken, its
 * disk and collateral are held, all in one transaction. The transfer begins after the answer.
 */
export class AdmitDeal {
  constructor(
    private readonly config: ProviderConfig,
    private readonly selection: DealSelection,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly asks: AskBook,
    private readonly deals: DealStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly funds: CollateralFunds,
    private readonly filter: DealFilter,
    private readonly recording: RecordDeal,
    private readonly log: Log,
    private readonly accepted: () => void,
  ) {}

  /** Answers one proposal from `peer`, which came as `request`. Throws only for faults of our own: then the client gets no answer. */
  async admit(params: DealParams, peer: string, request: Uint8Array): Promise<DealResponse> {
    const reason = await this.#refusal(params, peer, request)
    const { dealUuid, clientDealProposal: signed } = params
    const facts = { dealUuid, peer, client: signed.proposal.client, pieceCid: signed.proposal.pieceCid }
    if (reason === undefined) {
      // An offline deal's data comes by import.
      if (!params.isOffline) this.accepted()
      this.log.info('deal accepted', facts)
    } else this.log.info('deal refused', { ...facts, reason })
    return { accepted: reason === undefined, message: reason ?? '' }
  }

  async #refusal(params: DealParams, peer: string, request: Uint8Array): Promise<string | undefined> {
    const settings = await this.#settings()
    if (typeof settings === 'string') return settings
    let cid: Promise<Cid> | undefined
    const normalisedCid = () => {
      cid ??= this.#normalisedCid(params)
      return cid
    }
    let facts: ProposalFacts = {}
    let judgement = judgeProposal(params, facts, settings)
    while (judgement.verdict === 'need') {
      facts = { ...facts, ...(await this.#facts(judgement.fact, params, normalisedCid)) }
      judgement = judgeProposal(params, facts, settings, judgement.check)
    }
    if (judgement.verdict === 'reject') return judgement.reason
    return await this.recording.record(params, request, await normalisedCid(), peer)
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

  /** The fact that the judgement needs, with what comes by the same look-up. */
  async #facts(
    needed: keyof ProposalFacts,
    params: DealParams,
    normalisedCid: () => Promise<Cid>,
  ): Promise<ProposalFacts> {
    const { proposal } = params.clientDealProposal
    switch (needed) {
      case 'head':
        return { head: await this.chain.head() }
      case 'signature':
        return { signature: await this.#signature(params) }
      case 'minProviderCollateral': {
        const { pieceSize, verifiedDeal } = proposal
        return { minProviderCollateral: await this.chain.minProviderCollateral(pieceSize, verifiedDeal) }
      }
      case 'ask':
        return { ask: await this.asks.terms() }
      case 'clientAvailable':
        return { clientAvailable: await this.chain.marketAvailable(proposal.client) }
      case 'dataCap':
        return { dataCap: await this.chain.dataCap(proposal.client) }
      case 'identical':
      case 'sameUuid':
        return await this.deals.clashes(await normalisedCid(), params.dealUuid)
      case 'filter':
        return { filter: await this.filter.decide(params) }
      case 'providerFunds':
        return { providerFunds: await this.funds.bears(proposal.providerCollateral) }
      case 'stagingFreeBytes': {
        const free = (await this.staging.limitBytes()) - (await this.ledger.held()).stagingBytes
        return { stagingFreeBytes: BigInt(Math.max(0, free)) }
      }
    }
  }

  /** A bad signature, an unknown client, a contract and a dead node read alike to the client, as they do with Boost. */
  async #signature(params: DealParams): Promise<'valid' | 'invalid'> {
    const { proposal, clientSignature } = params.clientDealProposal
    if (!isDefined(proposal.client) || !isDefined(proposal.provider)) return 'invalid'
    const key = await this.chain.keyOf(proposal.client)
    if (key === 'unavailable' || key === 'none') return 'invalid'
    const good = await judgeSignature({
      signature: clientSignature,
      signer: signerOf(key),
      message: proposalSigningBytes(proposal),
    })
    return good ? 'valid' : 'invalid'
  }

  /** CID of the proposal as the chain compares it: both addresses as IDs. */
  async #normalisedCid(params: DealParams): Promise<Cid> {
    const { proposal } = params.clientDealProposal
    const id = await this.chain.idOf(proposal.client)
    const known = id !== 'unavailable' && id !== 'none' && id !== proposal.client
    return dealProposalCid(known ? { ...proposal, client: id } : proposal)
  }
}
