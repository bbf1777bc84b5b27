import { z } from 'zod'
import { nothing, operatorApi } from './operator-api.js'
import { decimal, failure, health, timestampMs, waiting } from './shapes.js'

export const dealRow = z.object({
  dealUuid: z.string(),
  proposalCid: z.string(),
  signedProposalCid: z.string(),
  state: z.string(),
  stateSinceMs: timestampMs,
  waiting: waiting.nullable(),
  failure: failure.nullable(),
  client: z.string(),
  provider: z.string(),
  pieceCid: z.string(),
  pieceSize: decimal,
  transferSize: decimal,
  receivedBytes: decimal,
  offline: z.boolean(),
  verified: z.boolean(),
  startEpoch: z.int(),
  endEpoch: z.int(),
  pricePerEpoch: decimal,
  label: z.string(),
  createdMs: timestampMs,
  // Facts reported by home; null until known.
  publishCid: z.string().nullable(),
  dealId: z.int().nullable(),
  sectorNumber: z.int().nullable(),
  sectorState: z.string().nullable(),
  preCommitCid: z.string().nullable(),
  proveCommitCid: z.string().nullable(),
  windowPostCid: z.string().nullable(),
  activeEpoch: z.int().nullable(),
  provenEpoch: z.int().nullable(),
})
export type DealRow = z.infer<typeof dealRow>

export const askRow = z.object({
  miner: z.string(),
  price: decimal,
  verifiedPrice: decimal,
  minPieceSize: decimal,
  maxPieceSize: decimal,
  timestampEpoch: z.int(),
  expiryEpoch: z.int(),
  sequence: z.int(),
  signed: z.boolean(),
  waiting: waiting.nullable(),
})
export type AskRow = z.infer<typeof askRow>

/** A deal's bytes on their way in. */
export const transferRow = z.object({
  dealUuid: z.string(),
  signedProposalCid: z.string(),
  rootCid: z.string(),
  state: z.string(),
  stateSinceMs: timestampMs,
  createdMs: timestampMs,
  /** Host or peer id; empty for a file that the operator imports. Never the URL: it may hold the client's secrets. */
  from: z.string(),
  offline: z.boolean(),
  receivedBytes: decimal,
  totalBytes: decimal,
  tries: z.int(),
  nextTryMs: timestampMs.nullable(),
  failure: failure.nullable(),
})
export type TransferRow = z.infer<typeof transferRow>
const oneTransfer = z.object({ id: z.string() })

/** Which deals are considered at all. */
const dealSelection = z.object({
  online: z.boolean(),
  offline: z.boolean(),
  verified: z.boolean(),
  unverified: z.boolean(),
  pieceBlocklist: z.array(z.string()),
  expectedSealEpochs: z.int(),
  /** Of the four kinds, those that the configuration refuses: no `reset` brings them back. */
  refusedByConfiguration: z.array(z.enum(['online', 'offline', 'verified', 'unverified'])),
})
export type DealSelection = z.infer<typeof dealSelection>

/** Who is kept out while the provider runs. */
const peerBlocks = z.object({
  peers: z.array(z.string()),
  ips: z.array(z.string()),
  subnets: z.array(z.string()),
})
export type PeerBlocks = z.infer<typeof peerBlocks>

const blockChange = z.object({
  what: z.enum(['peers', 'ips', 'subnets']),
  names: z.array(z.string().max(256)).min(1).max(1_000),
})
const peerIds = z.object({ peerIds: z.array(z.string().max(256)).min(1).max(1_000) })

const reachability = z.object({
  /** Public: a peer came in from the internet since the provider started. Private: none of our addresses could be reached from there. */
  status: z.enum(['Public', 'Private', 'Unknown']),
  peerId: z.string(),
  addresses: z.array(z.string()),
  lastFromOutside: z.object({ peerId: z.string(), ip: z.string(), atMs: timestampMs }).nullable(),
  /** What clients read about us; null when no chain node answers or there is no miner yet. */
  onChain: z.object({ peerId: z.string().nullable(), addresses: z.array(z.string()) }).nullable(),
})
export type Reachability = z.infer<typeof reachability>

export const providerOperator = operatorApi({
  health: { permission: 'read', params: nothing, result: health },
  status: {
    permission: 'read',
    params: nothing,
    result: z.object({
      miner: z.string(),
      peerId: z.string(),
      multiaddrs: z.array(z.string()),
      headEpoch: z.int().nullable(),
      stagingUsedBytes: decimal,
      stagingLimitBytes: decimal,
    }),
  },
  'deals.list': {
    permission: 'read',
    params: z.object({ state: z.string().optional(), limit: z.int().positive().max(10_000).optional() }),
    result: z.array(dealRow),
  },
  /** `id`: uuid, proposal CID, signed proposal CID, publish CID, deal id or piece CID (a unique tail of one will do). */
  'deals.get': { permission: 'read', params: z.object({ id: z.string() }), result: dealRow },
  'deals.log': {
    permission: 'read',
    params: z.object({ id: z.string() }),
    result: z.array(
      z.object({ atMs: timestampMs, event: z.string(), state: z.string(), detail: z.string() }),
    ),
  },
  'deals.importData': {
    permission: 'write',
    params: z.object({ id: z.string(), path: z.string() }),
    result: dealRow,
  },
  /** Ends a deal that home has not taken yet. */
  'deals.cancel': { permission: 'write', params: z.object({ id: z.string() }), result: dealRow },
  'transfers.list': {
    permission: 'read',
    params: z.object({
      completed: z.boolean().optional(),
      failed: z.boolean().optional(),
      limit: z.int().positive().max(10_000).optional(),
    }),
    result: z.array(transferRow),
  },
  'transfers.pause': { permission: 'write', params: oneTransfer, result: transferRow },
  'transfers.resume': { permission: 'write', params: oneTransfer, result: transferRow },
  /** Breaks off and begins again now, from the bytes on disk. */
  'transfers.restart': { permission: 'write', params: oneTransfer, result: transferRow },
  /** Ends the deal, too. */
  'transfers.cancel': { permission: 'write', params: oneTransfer, result: transferRow },
  /** Whose deals are taken, when it is not in the configuration. Fixed once deals of a miner are held. */
  'miner.set': {
    permission: 'admin',
    params: z.object({ address: z.string() }),
    result: z.object({ miner: z.string() }),
  },
  'selection.get': { permission: 'read', params: nothing, result: dealSelection },
  /** Takes effect with the next proposal and outlives a restart. null: as the configuration has it. Absent: stays as it is. */
  'selection.set': {
    permission: 'admin',
    params: z.object({
      online: z.boolean().nullable().optional(),
      offline: z.boolean().nullable().optional(),
      verified: z.boolean().nullable().optional(),
      unverified: z.boolean().nullable().optional(),
      pieceBlocklist: z.array(z.string().max(256)).max(100_000).nullable().optional(),
      expectedSealEpochs: z.int().nonnegative().nullable().optional(),
    }),
    result: dealSelection,
  },
  'asks.get': { permission: 'read', params: nothing, result: askRow.nullable() },
  'asks.set': {
    permission: 'write',
    params: z.object({
      price: decimal,
      verifiedPrice: decimal,
      minPieceSize: decimal.optional(),
      maxPieceSize: decimal.optional(),
      durationEpochs: z.int().positive().optional(),
    }),
    result: askRow,
  },
  'net.id': {
    permission: 'read',
    params: nothing,
    result: z.object({ peerId: z.string(), protocols: z.array(z.string()) }),
  },
  'net.listen': { permission: 'read', params: nothing, result: z.array(z.string()) },
  'net.peers': {
    permission: 'read',
    params: nothing,
    result: z.array(z.object({ peerId: z.string(), addrs: z.array(z.string()) })),
  },
  'net.connect': {
    permission: 'write',
    params: z.object({ addr: z.string() }),
    result: z.object({ peerId: z.string() }),
  },
  /** One ping. `peer`: a multiaddr, or the id of a peer that is or was connected. */
  'net.ping': {
    permission: 'write',
    params: z.object({ peer: z.string() }),
    result: z.object({ peerId: z.string(), rttMs: z.number() }),
  },
  'net.reachability': { permission: 'read', params: nothing, result: reachability },
  'net.blocks': { permission: 'read', params: nothing, result: peerBlocks },
  /** At once (open connections are closed) and after a restart too. */
  'net.block': { permission: 'admin', params: blockChange, result: peerBlocks },
  'net.unblock': { permission: 'admin', params: blockChange, result: peerBlocks },
  'net.protected': { permission: 'read', params: nothing, result: z.array(z.string()) },
  /** Protected peers are closed last when there are too many, and the last free connections are kept for them. */
  'net.protect': { permission: 'admin', params: peerIds, result: z.array(z.string()) },
  'net.unprotect': { permission: 'admin', params: peerIds, result: z.array(z.string()) },
})
