import { z } from 'zod'
import { nothing, operatorApi } from './operator-api.js'
import { decimal, failure, health, timestampMs, waiting } from './shapes.js'

export const messageRow = z.object({
  uuid: z.string(),
  requestId: z.string(),
  class: z.string(),
  state: z.string(),
  stateSinceMs: timestampMs,
  waiting: waiting.nullable(),
  failure: failure.nullable(),
  from: z.string(),
  to: z.string(),
  nonce: z.int().nullable(),
  value: decimal,
  method: z.int(),
  methodName: z.string(),
  cid: z.string().nullable(),
  gasFeeCap: decimal.nullable(),
  gasPremium: decimal.nullable(),
  gasLimit: z.int().nullable(),
  includedEpoch: z.int().nullable(),
  exitCode: z.int().nullable(),
  reason: z.string(),
})
export type MessageRow = z.infer<typeof messageRow>

export const partitionRow = z.object({
  periodStart: z.int(),
  deadline: z.int(),
  partition: z.int(),
  state: z.string(),
  open: z.int(),
  close: z.int(),
  challenge: z.int(),
  sectors: z.array(z.int()),
  skipped: z.array(z.int()),
  messageCid: z.string().nullable(),
  waiting: waiting.nullable(),
  failure: failure.nullable(),
})

export const walletKeyRow = z.object({
  name: z.string(),
  address: z.string(),
  id: z.string().nullable(),
  type: z.enum(['bls', 'secp256k1']),
  balance: decimal,
  nonce: z.int(),
})

const publications = z.array(
  z.object({
    requestId: z.string(),
    proposalCid: z.string(),
    state: z.string(),
    stateSinceMs: timestampMs,
    waiting: waiting.nullable(),
    failure: failure.nullable(),
    messageCid: z.string().nullable(),
    dealId: z.int().nullable(),
  }),
)

export const minerOperator = operatorApi({
  health: { permission: 'read', params: nothing, result: health },
  status: {
    permission: 'read',
    params: nothing,
    result: z.object({
      miner: z.string().nullable(),
      network: z.string(),
      headEpoch: z.int().nullable(),
      waiting: waiting.nullable(),
    }),
  },
  /** Keys have names (owner, worker, control-post …): asking again for a name gives the same key. */
  'wallet.new': {
    permission: 'admin',
    params: z.object({ name: z.string(), type: z.enum(['bls', 'secp256k1']) }),
    result: walletKeyRow,
  },
  'wallet.list': { permission: 'read', params: nothing, result: z.array(walletKeyRow) },
  /**
   * Raises an address to a balance from the owner's key, when it has less than half of it. Asking again never pays twice: the message
   * under way is the answer, and null once nothing is needed. Our own keys, and addresses of `policy.fund_addresses`.
   */
  'wallet.fund': {
    permission: 'admin',
    params: z.object({ address: z.string(), target: decimal }),
    result: messageRow.nullable(),
  },
  /** Sends so much from the key of that name, to another of our keys or to an address of `policy.fund_addresses`. */
  'wallet.send': {
    permission: 'admin',
    params: z.object({
      from: z.string(),
      to: z.string(),
      amount: decimal,
      requestId: z.string().min(1).max(200).optional(),
    }),
    result: messageRow,
  },
  /**
   * Creates the miner actor (f04 method 2 with its deposit), then adds the PoSt control address (method 3).
   * Runs under fixed request ids: calling it again, or after a crash, goes on where it was.
   */
  init: {
    permission: 'admin',
    params: z.object({
      sectorSize: decimal,
      peerId: z.string(),
      multiaddrs: z.array(z.string()),
    }),
    result: z.object({
      state: z.enum(['waiting', 'done']),
      miner: z.string().nullable(),
      robust: z.string().nullable(),
      createMessageCid: z.string().nullable(),
      controlMessageCid: z.string().nullable(),
      waiting: waiting.nullable(),
    }),
  },
  'actor.setAddrs': {
    permission: 'admin',
    params: z.object({ multiaddrs: z.array(z.string()) }),
    result: messageRow,
  },
  'actor.setPeerId': { permission: 'admin', params: z.object({ peerId: z.string() }), result: messageRow },
  'actor.info': {
    permission: 'read',
    params: nothing,
    result: z.object({
      miner: z.string(),
      owner: z.string(),
      worker: z.string(),
      controls: z.array(z.string()),
      balance: decimal,
      available: decimal,
      rawPower: decimal,
      qualityPower: decimal,
      networkRawPower: decimal,
      sectorSize: decimal,
    }),
  },
  'market.balance': {
    permission: 'read',
    params: nothing,
    result: z.object({ escrow: decimal, locked: decimal }),
  },
  'market.add': {
    permission: 'admin',
    params: z.object({ amount: decimal, requestId: z.string().optional() }),
    result: messageRow,
  },
  'market.withdraw': {
    permission: 'admin',
    params: z.object({ amount: decimal, requestId: z.string().optional() }),
    result: messageRow,
  },
  'messages.list': {
    permission: 'read',
    params: z.object({ state: z.string().optional(), limit: z.int().positive().max(10_000).optional() }),
    result: z.array(messageRow),
  },
  'messages.get': { permission: 'read', params: z.object({ id: z.string() }), result: messageRow },
  /**
   * Replaces a message in the pools by fee, same nonce: the one of `id` (its CID, uuid or request id), or of `from` and `nonce`. `auto`
   * chooses the fees, within `feeLimit` attoFIL and the class's cap. Premium and fee cap are attoFIL per gas unit.
   */
  'messages.replace': {
    permission: 'admin',
    params: z.object({
      id: z.string().optional(),
      from: z.string().optional(),
      nonce: z.int().nonnegative().optional(),
      auto: z.boolean(),
      feeLimit: decimal.optional(),
      gasPremium: decimal.optional(),
      gasFeeCap: decimal.optional(),
      gasLimit: z.int().positive().optional(),
    }),
    result: messageRow,
  },
  /** Lets the deals queued by now wait for no batch. */
  'publications.publishNow': { permission: 'admin', params: nothing, result: publications },
  'publications.list': {
    permission: 'read',
    params: nothing,
    result: publications,
  },
  'proving.info': {
    permission: 'read',
    params: nothing,
    result: z.object({
      miner: z.string(),
      currentEpoch: z.int(),
      periodStart: z.int(),
      periodNext: z.int(),
      deadlineIndex: z.int(),
      deadlineOpen: z.int(),
      deadlineClose: z.int(),
      deadlineChallenge: z.int(),
      faultCutoff: z.int(),
      deadlineSectors: z.int(),
      faults: z.int(),
      recoveries: z.int(),
    }),
  },
  'proving.deadlines': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({
        deadline: z.int(),
        open: z.int(),
        partitions: z.int(),
        sectors: z.int(),
        faults: z.int(),
        provenPartitions: z.int(),
        current: z.boolean(),
      }),
    ),
  },
  /** Each live sector of a deadline: could a worker read it now? `problem`: why not; null when nothing is known against it. */
  'proving.check': {
    permission: 'read',
    params: z.object({ deadline: z.int().min(0).max(47) }),
    result: z.array(
      z.object({
        deadline: z.int(),
        partition: z.int(),
        sectorNumber: z.int(),
        faulty: z.boolean(),
        problem: z.string().nullable(),
      }),
    ),
  },
  'proving.partitions': { permission: 'read', params: nothing, result: z.array(partitionRow) },
  'proving.faults': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({ deadline: z.int(), partition: z.int(), sectorNumber: z.int(), recovering: z.boolean() }),
    ),
  },
})
