import type { MessageState, PublicationState } from '@sealane/lifecycle'
import { Kysely, type Transaction } from 'kysely'
import type { WindowPostTables } from './window-post/window-post-tables.js'

export interface MessageTable {
  uuid: string
  request_id: string
  class: string
  priority: number
  from_address: string
  to_address: string
  value: string
  method: number
  params: Uint8Array
  reason: string
  created_ms: number
  state: MessageState
  state_since_ms: number
  turn: number
  tries: number
  wake_at: number | null
  why: string | null
  failure: string | null
  nonce: number | null
  cid: string | null
  gas_limit: number | null
  gas_fee_cap: string | null
  gas_premium: string | null
  first_pushed_epoch: number | null
  first_pushed_ms: number | null
  pushed_epoch: number | null
  pushed_ms: number | null
  /** 1 when nothing is to be done for it any more, short of a deep reorg. */
  settled: number
  /** Epoch of the tipset that carries it: what actors saw as the current epoch. */
  included_epoch: number | null
  /** Epoch of the tipset whose parent state holds its receipt; confidence counts from here. */
  executed_epoch: number | null
  executed_tipset: string | null
  exit_code: number | null
  return_data: Uint8Array | null
  gas_used: number | null
}

export interface SigningTable {
  cid: string
  uuid: string
  from_address: string
  nonce: number
  signed: Uint8Array
  gas_limit: number
  gas_fee_cap: string
  gas_premium: string
  replaces: string | null
  signed_ms: number
  accepted_ms: number | null
}

export interface SectorStepTable {
  sector_number: number
  step: string
  request_id: string
  request_turn: number
  coordinator_epoch: number
  request_digest: string
  answer: string
  request: string
  stage: string
  message_uuid: string | null
  sent_cid: string | null
  landed_epoch: number | null
  seed_epoch: number | null
  seed: Uint8Array | null
  deals: string
  turn: number
  wake_at: number | null
  why: string | null
  at_ms: number
}

export interface PublicationTable {
  request_id: string
  proposal_cid: string
  signed_proposal: Uint8Array
  client: string
  piece_cid: string
  piece_size: string
  start_epoch: number
  end_epoch: number
  collateral: string
  state: PublicationState
  state_since_ms: number
  queued_ms: number
  turn: number
  tries: number
  wake_at: number | null
  why: string | null
  failure: string | null
  /** The day (UTC) whose caps this deal has used. */
  counted_day: string | null
  message_uuid: string | null
  batch_index: number | null
  message_cid: string | null
  deal_id: number | null
}

/** miner.db as the code sees it; the schema itself is in migrations/. */
export interface MinerTables extends WindowPostTables {
  settings: { name: string; value: string }
  signatures: {
    id?: number
    at_ms: number
    address: string
    kind: string
    cid: string
    request_id: string
    reason: string
  }
  daily_spend: { day: string; what: string; who: string; amount: string }
  senders: { address: string; next_nonce: number; turn: number }
  messages: MessageTable
  signings: SigningTable
  events: { sequence: number; epoch: number; at_ms: number; fact: Uint8Array }
  number_requests: { request_id: string; numbers: string; at_ms: number }
  sector_numbers: { sector_number: number; request_id: string; at_ms: number }
  sector_steps: SectorStepTable
  publications: PublicationTable
}

/** miner.db. Never constructed: the class is the injection token of the opened database. */
export abstract class MinerDb extends Kysely<MinerTables> {}
export type MinerTransaction = Transaction<MinerTables>
