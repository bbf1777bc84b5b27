import { type ClientDealProposal, clientDealProposal, dealProposalCid } from '@sealane/actors'
import type { HomewardMessage } from '@sealane/jobs'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

type Offer = Extract<HomewardMessage, { kind: 'dealOffered' }>

/** What an offer says, once it has been held against the client's own signed words. */
export type OfferedPiece = Pick<
  Piece,
  | 'deal_uuid'
  | 'proposal_cid'
  | 'signed_proposal'
  | 'client'
  | 'piece_cid'
  | 'piece_size'
  | 'payload_size'
  | 'start_epoch'
  | 'end_epoch'
>

/**
 * Believes nothing abroad says that the signed proposal does not: piece CID, size and dates are the proposal's, the payload fits the
 * piece, the piece fits our sector, the deal is for our miner. The miner checks the signature before it publishes.
 * Throws SealerError OFFER_REFUSED (`drop`).
 */
export function judgeOffer(offer: Offer, o: { miner: string; sectorSizeBytes: number }): OfferedPiece {
  const refuse = (reason: string) =>
    new SealerError({ code: 'OFFER_REFUSED', reason }, `offer refused: ${reason}`)
  let signed: ClientDealProposal
  try {
    signed = clientDealProposal.decode(new Uint8Array(Buffer.from(offer.signedProposal, 'base64')))
  } catch (cause) {
    throw refuse(`not a signed proposal: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
  const { proposal } = signed
  if (proposal.pieceCid !== offer.pieceCid) throw refuse('its piece CID is not the proposal’s')
  if (proposal.pieceSize.toString() !== offer.pieceSize) throw refuse('its piece size is not the proposal’s')
  if (proposal.provider !== o.miner) throw refuse(`it is for ${proposal.provider}, this is ${o.miner}`)
  const pieceSize = Number(proposal.pieceSize)
  const payloadSize = Number(offer.payloadSize)
  if (pieceSize > o.sectorSizeBytes)
    throw refuse(`a piece of ${pieceSize} bytes fits no sector of ${o.sectorSizeBytes}`)
  if (!(payloadSize > 0 && payloadSize <= (pieceSize / 128) * 127)) {
    throw refuse(`${offer.payloadSize} bytes do not fit a piece of ${pieceSize}`)
  }
  return {
    deal_uuid: offer.dealUuid,
    proposal_cid: dealProposalCid(proposal),
    signed_proposal: offer.signedProposal,
    client: proposal.client,
    piece_cid: proposal.pieceCid,
    piece_size: pieceSize,
    payload_size: payloadSize,
    start_epoch: proposal.startEpoch,
    end_epoch: proposal.endEpoch,
  }
}
