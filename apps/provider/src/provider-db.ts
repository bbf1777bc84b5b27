import type { DealState, TransferState } from '@sealane/lifecycle'
import { Kysely, type Transaction } from 'kysely'

/** A row of `deals`. Sizes in bytes, money in attoFIL as decimal text, JSON where named so. */
export interface DealTable {
  deal_uuid: string
  turn: number
  state: DealState
  state_since_ms: number
  /** 1 until the deal has ended, whichever way. */
  live: number
  created_ms: number
  peer_id: string
  /** CID of the unsigned proposal with its addresses as IDs: what the chain compares. */
  normalised_cid: string
  proposal_cid: string
  signed_proposal_cid: string
  /** CBOR of the whole DealParams, as read. */
  params: Uint8Array
  client: string
  provider: string
  piece_cid: string
  piece_size: number
  start_epoch: number
  end_epoch: number
  price_per_epoch: string
  provider_collateral: string
  verified: number
  offline: number
  /** For people: text, or hex of a byte label. */
  label: string
  transfer_size: number
  /** 1 while its whole verified file lies in staging. */
  staged: number
  /** Bytes held of the staging limit. */
  staging_reserved: number
  /** 1 while its collateral is held of the escrow. */
  collateral_reserved: number
  /** JSON Failure. */
  failure: string | null
  /** JSON Waiting. */
  waiting: string | null
  /** 1 once home has committed the offer: from then on home says how the deal ends. */
  home_took_offer: number
  piece_state: string | null
  publication_state: string | null
  publish_cid: string | null
  deal_id: number | null
  sector_number: number | null
  sector_state: string | null
  pre_commit_cid: string | null
  prove_commit_cid: string | null
  window_post_cid: string | null
  active_epoch: number | null
  proven_epoch: number | null
}

/** A row of `transfers`. */
export interface TransferTable {
  deal_uuid: string
  turn: number
  state: TransferState
  state_since_ms: number
  wake_at: number | null
  tries: number
  total_bytes: number
  received_bytes: number
  /** How often the bytes had to begin again at 0: the source ignores Range, or changed. */
  restarts: number
  /** Strong ETag of the source, so that bytes of two versions are never joined. */
  validator: string | null
  import_path: string | null
  /** JSON Failure of the last try. */
  failure: string | null
}

export interface AskTable {
  sequence: number
  miner: string
  price: string
  verified_price: string
  min_piece_size: number
  max_piece_size: number
  timestamp_epoch: number
  expiry_epoch: number
  set_ms: number
  /** CBOR SignedStorageAsk, once home has signed. */
  signed: Uint8Array | null
  refusal: string | null
}

/** deals.db as the code sees it; the schema itself is in migrations/. */
export interface ProviderTables {
  settings: { name: string; value: string }
  deals: DealTable
  transfers: TransferTable
  deal_log: { id?: number; deal_uuid: string; at_ms: number; event: string; state: string; detail: string }
  totals: { only: 1; staging_bytes: number; collateral: string }
  asks: AskTable
}

/** deals.db. Never constructed: the class is the injection token of the opened database. */
export abstract class ProviderDb extends Kysely<ProviderTables> {}
export type ProviderTransaction = Transaction<ProviderTables>
