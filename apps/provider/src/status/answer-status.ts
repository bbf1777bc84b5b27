import { parseAddress, parseCid, signerOf } from '@sealane/actors'
import { verify } from '@sealane/crypto'
import {
  checkpointFor,
  type DealStatusRequest,
  type DealStatusResponse,
  dealUuidBytes,
  receivedBytesFor,
  sealingStatusFor,
  statusError,
  statusErrors,
} from '@sealane/market'
import type { ChainView } from '../chain/chain-view.js'
import type { DealStore } from '../deals/deal-store.js'
import type { TransferRunner } from '../transfer/transfer-runner.js'
import type { TransferStore } from '../transfer/transfer-store.js'

/** Answers clients from our own rows: nobody at home is asked. */
export class AnswerStatus {
  constructor(
    private readonly deals: DealStore,
    private readonly transfers: TransferStore,
    private readonly running: TransferRunner,
    private readonly chain: ChainView,
  ) {}

  /** The deal is looked up first and the signature checked after, as clients know it from Boost. */
  async answer({ dealUuid, signature }: DealStatusRequest): Promise<DealStatusResponse> {
    const deal = await this.deals.read(dealUuid)
    if (deal === undefined) return statusError(dealUuid, statusErrors.notFound(dealUuid))
    const key = await this.chain.keyOf(parseAddress(deal.client))
    if (key === 'unavailable') return statusError(dealUuid, statusErrors.fetchFailed)
    if (key === 'none' || !verify(signature, signerOf(key), dealUuidBytes(dealUuid))) {
      return statusError(dealUuid, statusErrors.badSignature)
    }
    const transfer = await this.transfers.get(dealUuid)
    const transferSize = BigInt(deal.transfer_size)
    const received = BigInt(this.running.received(dealUuid) ?? transfer.received_bytes)
    const failure = deal.failure === null ? '' : (JSON.parse(deal.failure) as { text: string }).text
    return {
      error: '',
      dealUuid,
      isOffline: deal.offline === 1,
      dealStatus: {
        // An interrupted transfer or a stuck step at home is our worry: clients hear of ends, and of data they must bring.
        error: deal.live === 0 || deal.state === 'AwaitingData' ? failure : '',
        status: checkpointFor(deal.state),
        proposal: this.deals.params(deal).clientDealProposal.proposal,
        publishCid: deal.publish_cid === null ? null : parseCid(deal.publish_cid),
        chainDealId: deal.deal_id ?? 0,
        sealingStatus: sealingStatusFor(deal.state, deal.sector_state),
        signedProposalCid: parseCid(deal.signed_proposal_cid),
      },
      transferSize,
      bytesReceived: receivedBytesFor(received, transferSize),
    }
  }
}
