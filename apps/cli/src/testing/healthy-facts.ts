import {
  BitField,
  type DealProposal,
  dealProposalCid,
  encodeSignedMessage,
  idAddress,
  keyAddress,
  type Message,
  marketMethods,
  minerMethods,
  pieceCid,
  preCommitSectorBatchParams2,
  proveCommitSectors3Params,
  publishStorageDealsParams,
  publishStorageDealsReturn,
  sealedCid,
  signedMessageCid,
  signingBytes,
  submitWindowedPostParams,
} from '@sealane/actors'
import { generateKey, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import type { Facts, Landing, MessageFact, SigningFact } from '../invariants/facts.js'

const key = generateKey('secp256k1', new Uint8Array(32).fill(7))
export const sender = keyAddress('secp256k1', publicKey(key))
const clientKey = generateKey('secp256k1', new Uint8Array(32).fill(8))
const client = keyAddress('secp256k1', publicKey(clientKey))
const miner = idAddress(1000)
const commR = new Uint8Array(32).fill(1)
export const dealUuid = '5a8c1f0e-0000-4000-8000-000000000001'

const proposal: DealProposal = {
  pieceCid: pieceCid(new Uint8Array(32).fill(2)),
  pieceSize: paddedSize(2048n),
  verifiedDeal: false,
  client,
  provider: miner,
  label: 'one',
  startEpoch: epoch(10_000),
  endEpoch: epoch(600_000),
  storagePricePerEpoch: attoFil(1n),
  providerCollateral: attoFil(2n),
  clientCollateral: attoFil(0n),
}
const proposalCid = dealProposalCid(proposal)

/** A message of ours, signed. */
export function signing(o: {
  nonce: number
  uuid: string
  method: number
  params: Uint8Array
  premium?: bigint
  replaces?: string
}): SigningFact {
  const message: Message = {
    version: 0,
    to: miner,
    from: sender,
    nonce: o.nonce,
    value: attoFil(0n),
    gasLimit: 1_000_000,
    gasFeeCap: attoFil(100_000n),
    gasPremium: attoFil(o.premium ?? 1_000n),
    method: o.method,
    params: o.params,
  }
  const signed = { message, signature: sign(key, signingBytes(message)) }
  return {
    cid: signedMessageCid(signed),
    uuid: o.uuid,
    from_address: sender,
    nonce: o.nonce,
    signed: encodeSignedMessage(signed),
    replaces: o.replaces ?? null,
  }
}

const steps: readonly { class: string; method: number; params: Uint8Array; returned?: Uint8Array }[] = [
  {
    class: 'publish',
    method: marketMethods.PublishStorageDeals,
    params: publishStorageDealsParams.encode({
      deals: [{ proposal, clientSignature: sign(clientKey, new Uint8Array(1)) }],
    }),
    returned: publishStorageDealsReturn.encode({ ids: [0], validDeals: BitField.of([0]) }),
  },
  {
    class: 'preCommit',
    method: minerMethods.PreCommitSectorBatch2,
    params: preCommitSectorBatchParams2.encode({
      sectors: [
        {
          sealProof: 5,
          sectorNumber: 1,
          sealedCid: sealedCid(commR),
          sealRandEpoch: epoch(-800),
          dealIds: [],
          expiration: epoch(700_000),
          unsealedCid: proposal.pieceCid,
        },
      ],
    }),
  },
  {
    class: 'proveCommit',
    method: minerMethods.ProveCommitSectors3,
    params: proveCommitSectors3Params.encode({
      sectorActivations: [{ sectorNumber: 1, pieces: [] }],
      sectorProofs: [new Uint8Array(4)],
      aggregateProof: new Uint8Array(0),
      aggregateProofType: null,
      requireActivationSuccess: true,
      requireNotificationSuccess: true,
    }),
  },
  {
    class: 'windowPost',
    method: minerMethods.SubmitWindowedPoSt,
    params: submitWindowedPostParams.encode({
      deadline: 3,
      partitions: [{ index: 0, skipped: BitField.of([]) }],
      proofs: [],
      chainCommitEpoch: epoch(3_000),
      chainCommitRand: new Uint8Array(32),
    }),
  },
]

/** One deal, taken, published, sealed and proven, with nothing left to do: what the checker finds nothing wrong with. */
export function healthyFacts(): Facts {
  const signings = steps.map(({ method, params }, nonce) =>
    signing({ nonce, uuid: `message-${nonce}`, method, params }),
  )
  const messages = steps.map(
    (step, nonce): MessageFact => ({
      uuid: `message-${nonce}`,
      request_id: `request-${nonce}`,
      class: step.class,
      from_address: sender,
      method: step.method,
      params: step.params,
      state: 'Confirmed',
      nonce,
      cid: signings[nonce]?.cid ?? '',
      included_epoch: 3_010 + nonce,
      exit_code: 0,
      return_data: step.returned ?? null,
      why: null,
    }),
  )
  const landings = new Map(
    signings.map((one): [string, Landing] => [
      `${sender} ${one.nonce}`,
      { message: one.cid as Landing['message'], exitCode: 0, height: 3_011 + one.nonce },
    ]),
  )
  const history = ['opened', 'commit2Done', 'finalized'].map((event, id) => ({ id, subject: '1', event }))
  const limit = { sector_number: 1, deal_concurrent: 1 }
  return {
    nowMs: 1_000_000,
    client: { deals: [{ dealUuid, proposalCid }] },
    provider: {
      deals: [
        {
          deal_uuid: dealUuid,
          state: 'Active',
          state_since_ms: 1_000_000,
          proposal_cid: proposalCid,
          offline: 0,
          staged: 0,
          staging_reserved: 0,
          failure: null,
          home_took_offer: 1,
          publication_state: 'Published',
          deal_id: 0,
          sector_number: 1,
          active_epoch: 200,
          proven_epoch: 3_013,
        },
      ],
      transfers: [{ deal_uuid: dealUuid, state: 'Done' }],
      outbox: [],
      stagingBytes: 0,
      staged: [],
      trash: { names: new Set([`${dealUuid}.piece`]), unexplained: [] },
    },
    sealer: {
      pieces: [
        {
          deal_uuid: dealUuid,
          state: 'Sealed',
          state_since_ms: 1_000_000,
          proposal_cid: proposalCid,
          piece_cid: proposal.pieceCid,
          payload_size: 2032,
          deal_id: 0,
          sector_number: 1,
          failure: null,
        },
      ],
      sectors: [
        {
          sector_number: 1,
          state: 'Proving',
          kind: 'deal',
          counted: 0,
          comm_r: Buffer.from(commR).toString('hex'),
          c1_claim: 'c1',
          wake_at: null,
          failure: null,
        },
      ],
      limits: { in_flight_deals: 0, in_flight: 0 },
      limitsLog: [
        { id: 1, event: 'dealSectorAdmitted', in_flight_deals: 1, ...limit },
        { id: 2, event: 'placeFreed', in_flight_deals: 0, ...limit },
      ],
      history,
      claims: [
        {
          claim_id: 'claim-1',
          sector_number: 1,
          task: 'pc1',
          turn: 4,
          state: 'completed',
          storage_id: 'path-1',
          started_ms: 1_000_000,
        },
      ],
      outbox: [],
      files: [],
      trash: { names: new Set([`${proposal.pieceCid}-2032`]), unexplained: [] },
    },
    miner: {
      address: miner,
      senders: [{ address: sender, next_nonce: signings.length }],
      messages,
      signings,
      numberRequests: [{ request_id: 'numbers-1', numbers: '[1]' }],
      sectorNumbers: [{ sector_number: 1, request_id: 'numbers-1' }],
      publications: [
        { request_id: dealUuid, proposal_cid: proposalCid, client, state: 'Published', deal_id: 0 },
      ],
      claims: [],
    },
    chain: {
      head: 3_020,
      nonces: new Map([[sender, signings.length]]),
      landings,
      deals: new Map([
        [
          0,
          {
            proposal: { ...proposal, client: idAddress(1001), label: 'one' },
            state: {
              sectorNumber: 1,
              sectorStartEpoch: epoch(200),
              lastUpdatedEpoch: epoch(-1),
              slashEpoch: epoch(-1),
            },
          },
        ],
      ]),
      clientIds: new Map([[client, idAddress(1001)]]),
      allocated: [1],
      sectors: [{ sectorNumber: 1, commR: Buffer.from(commR).toString('hex') }],
      faulty: [],
    },
    storage: [
      {
        path: '/data/one',
        id: 'path-1',
        sectors: { sealed: [1], cache: [1], unsealed: [1], manifests: [1] },
        claims: [],
        trash: { names: new Set(['claim-1']), unexplained: [] },
      },
    ],
    queues: [{ server: 'home', queue: 'seal.pc1', depth: 0 }],
  }
}
