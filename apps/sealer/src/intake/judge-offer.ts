import {
  type ClientDealProposal,
  clientDealProposal,
  dealProposalCid,
  proposalSigningBytes,
  signerOf,
} from '@sealane/actors'
import { verify } from '@sealane/crypto'
import type { HomewardMessage } from '@sealane/jobs'
import type { Piece } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'

type Offer = Extract<HomewardMessage, { kind: 'dealOffered' }>

/** Below this much payload commP is not defined. Unit: bytes. Source: filecoin-project/go-fil-commp-hashhash (MinPiecePayload). */
const SHORTEST_PAYLOAD_BYTES = 65

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
 * piece, the piece fits our sector, the deal is for our miner, the client signed it. (The keys of other than
 * key addresses only the chain knows: the miner checks before it publishes.) Throws SealerError OFFER_REFUSED (`drop`).
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
  if (!(payloadSize >= SHORTEST_PAYLOAD_BYTES && payloadSize <= (pieceSize / 128) * 127)) {
    throw refuse(`${offer.payloadSize} bytes do not fit a piece of ${pieceSize}`)
  }
  if (!signatureHolds(signed)) throw refuse('the client did not sign this proposal')
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

/** False only for a key's signature that does not verify. What is no key (an ID, an actor, a contract) is the miner's to ask the chain about. */
function signatureHolds({ proposal, clientSignature }: ClientDealProposal): boolean {
  let signer: ReturnType<typeof signerOf>
  try {
    signer = signerOf(proposal.client)
  } catch {
    return true
  }
  return verify(clientSignature, signer, proposalSigningBytes(proposal))
}
