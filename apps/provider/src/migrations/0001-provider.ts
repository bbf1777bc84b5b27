import type { Migration } from '@sealane/sql'

export const provider0001: Migration = {
  name: '0001-provider',
  statements: [
    `CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    // live: 1 until the deal is Failed, Expired or Slashed. A proposal may be made again only after that.
    `CREATE TABLE deals (
       deal_uuid TEXT PRIMARY KEY, turn INTEGER NOT NULL, state TEXT NOT NULL, state_since_ms INTEGER NOT NULL,
       live INTEGER NOT NULL, created_ms INTEGER NOT NULL, peer_id TEXT NOT NULL,
       normalised_cid TEXT NOT NULL, proposal_cid TEXT NOT NULL, signed_proposal_cid TEXT NOT NULL, params BLOB NOT NULL,
       client TEXT NOT NULL, provider TEXT NOT NULL, piece_cid TEXT NOT NULL, piece_size INTEGER NOT NULL,
       start_epoch INTEGER NOT NULL, end_epoch INTEGER NOT NULL, price_per_epoch TEXT NOT NULL,
       provider_collateral TEXT NOT NULL, verified INTEGER NOT NULL, offline INTEGER NOT NULL, label TEXT NOT NULL,
       transfer_size INTEGER NOT NULL,
       staged INTEGER NOT NULL DEFAULT 0, staging_reserved INTEGER NOT NULL DEFAULT 0,
       collateral_reserved INTEGER NOT NULL DEFAULT 0,
       failure TEXT, waiting TEXT,
       home_took_offer INTEGER NOT NULL DEFAULT 0, piece_state TEXT, publication_state TEXT, publish_cid TEXT, deal_id INTEGER, sector_number INTEGER,
       sector_state TEXT, pre_commit_cid TEXT, prove_commit_cid TEXT, window_post_cid TEXT,
       active_epoch INTEGER, proven_epoch INTEGER) WITHOUT ROWID`,
    `CREATE UNIQUE INDEX deals_live_proposal ON deals (normalised_cid) WHERE live = 1`,
    `CREATE INDEX deals_state ON deals (state, start_epoch)`,
    `CREATE INDEX deals_created ON deals (created_ms)`,
    `CREATE INDEX deals_piece ON deals (piece_cid)`,
    `CREATE INDEX deals_staged ON deals (staged) WHERE staged = 1`,
    `CREATE INDEX deals_signed ON deals (signed_proposal_cid)`,
    `CREATE INDEX deals_chain ON deals (deal_id) WHERE deal_id IS NOT NULL`,
    `CREATE TABLE transfers (
       deal_uuid TEXT PRIMARY KEY REFERENCES deals (deal_uuid), turn INTEGER NOT NULL, state TEXT NOT NULL,
       state_since_ms INTEGER NOT NULL, wake_at INTEGER, tries INTEGER NOT NULL, total_bytes INTEGER NOT NULL,
       received_bytes INTEGER NOT NULL, restarts INTEGER NOT NULL, validator TEXT, import_path TEXT,
       failure TEXT) WITHOUT ROWID`,
    `CREATE INDEX transfers_wake_at ON transfers (wake_at)`,
    `CREATE TABLE deal_log (
       id INTEGER PRIMARY KEY, deal_uuid TEXT NOT NULL, at_ms INTEGER NOT NULL, event TEXT NOT NULL,
       state TEXT NOT NULL, detail TEXT NOT NULL)`,
    `CREATE INDEX deal_log_deal ON deal_log (deal_uuid, id)`,
    // What accepted deals hold of disk and of escrow; amounts in attoFIL.
    `CREATE TABLE totals (only INTEGER PRIMARY KEY CHECK (only = 1), staging_bytes INTEGER NOT NULL, collateral TEXT NOT NULL)`,
    `INSERT INTO totals VALUES (1, 0, '0')`,
    `CREATE TABLE asks (
       sequence INTEGER PRIMARY KEY, miner TEXT NOT NULL, price TEXT NOT NULL, verified_price TEXT NOT NULL,
       min_piece_size INTEGER NOT NULL, max_piece_size INTEGER NOT NULL, timestamp_epoch INTEGER NOT NULL,
       expiry_epoch INTEGER NOT NULL, set_ms INTEGER NOT NULL, signed BLOB, refusal TEXT)`,
  ],
}
