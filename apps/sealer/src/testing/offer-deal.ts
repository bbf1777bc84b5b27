import { randomBytes, randomUUID } from 'node:crypto'
import {
  type Address,
  clientDealProposal,
  type DealProposal,
  keyAddress,
  pieceCid,
  proposalSigningBytes,
} from '@sealane/actors'
import { generateKey, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import type { homeward, PayloadOf } from '@sealane/jobs'
import { CommPHasher, padCommP } from '@sealane/pieces'

export interface OfferTerms {
  bytes?: Uint8Array
  startEpoch?: number
  /** Padded bytes; default: the smallest that holds the bytes. */
  pieceSize?: number
}

/** A homeward offer as an honest provider makes it: for these bytes, signed by a new client. */
export function offerDeal(
  bytes: Uint8Array,
  miner: Address,
  sequence: number,
  terms: OfferTerms = {},
): PayloadOf<typeof homeward> {
  const digest = new CommPHasher().write(bytes).digest()
  const pieceSize = terms.pieceSize === undefined ? digest.paddedSize : paddedSize(BigInt(terms.pieceSize))
  const key = generateKey('secp256k1', randomBytes(32))
  const proposal: DealProposal = {
    pieceCid: pieceCid(padCommP(digest.commP, digest.paddedSize, pieceSize)),
    pieceSize,
    verifiedDeal: false,
    client: keyAddress('secp256k1', publicKey(key)),
    provider: miner,
    label: `deal ${sequence}`,
    startEpoch: epoch(terms.startEpoch ?? 20_000),
    endEpoch: epoch(600_000),
    storagePricePerEpoch: attoFil(1n),
    providerCollateral: attoFil(1n),
    clientCollateral: attoFil(0n),
  }
  const signed = clientDealProposal.encode({
    proposal,
    clientSignature: sign(key, proposalSigningBytes(proposal)),
  })
  const dealUuid = randomUUID()
  return {
    sender: `provider~${'0'.repeat(27)}1`,
    subject: dealUuid,
    sequence,
    tries: 0,
    message: {
      kind: 'dealOffered',
      dealUuid,
      signedProposal: Buffer.from(signed).toString('base64'),
      pieceCid: proposal.pieceCid,
      pieceSize: String(pieceSize),
      payloadSize: String(bytes.length),
    },
  }
}
