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
import { attoFil, epoch } from '@sealane/fil-units'
import type { homeward, PayloadOf } from '@sealane/jobs'
import { CommPHasher } from '@sealane/pieces'

/** A homeward offer as an honest provider makes it: for these bytes, signed by a new client. */
export function offerDeal(bytes: Uint8Array, miner: Address, sequence: number): PayloadOf<typeof homeward> {
  const { commP, paddedSize } = new CommPHasher().write(bytes).digest()
  const key = generateKey('secp256k1', randomBytes(32))
  const proposal: DealProposal = {
    pieceCid: pieceCid(commP),
    pieceSize: paddedSize,
    verifiedDeal: false,
    client: keyAddress('secp256k1', publicKey(key)),
    provider: miner,
    label: `deal ${sequence}`,
    startEpoch: epoch(20_000),
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
    subject: `d-${dealUuid}`,
    sequence,
    tries: 0,
    message: {
      kind: 'dealOffered',
      dealUuid,
      signedProposal: Buffer.from(signed).toString('base64'),
      pieceCid: proposal.pieceCid,
      pieceSize: String(paddedSize),
      payloadSize: String(bytes.length),
    },
  }
}
