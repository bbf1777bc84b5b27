import type { Migration } from '@sealane/sql'

/** Pieces, sectors, limits, claims and workers. Money is TEXT; sizes are INTEGER bytes (64 GiB fits a double). */
export const sealerMigration: Migration = {
  name: '0001-sealer',
  statements: [
    `CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE pieces (
       deal_uuid TEXT PRIMARY KEY, state TEXT NOT NULL, turn INTEGER NOT NULL, state_since_ms INTEGER NOT NULL,
       wake_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, held_from TEXT,
       proposal_cid TEXT NOT NULL, signed_proposal TEXT NOT NULL, client TEXT NOT NULL,
       piece_cid TEXT NOT NULL, piece_size INTEGER NOT NULL, payload_size INTEGER NOT NULL,
       start_epoch INTEGER NOT NULL, end_epoch INTEGER NOT NULL,
       publication_state TEXT, publish_cid TEXT, deal_id INTEGER,
       sector_number INTEGER REFERENCES sectors (sector_number), padded_offset INTEGER,
       waiting TEXT, failure TEXT)`,
    `CREATE INDEX pieces_wake_at ON pieces (wake_at) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX pieces_state ON pieces (state, start_epoch)`,
    `CREATE INDEX pieces_sector ON pieces (sector_number)`,
    `CREATE TABLE sectors (
       sector_number INTEGER PRIMARY KEY, state TEXT NOT NULL, turn INTEGER NOT NULL, state_since_ms INTEGER NOT NULL,
       wake_at INTEGER, tries INTEGER NOT NULL DEFAULT 0, held_from TEXT,
       kind TEXT NOT NULL CHECK (kind IN ('deal', 'cc')), sector_size INTEGER NOT NULL, counted INTEGER NOT NULL,
       close_at_ms INTEGER, prover TEXT, storage_id TEXT, winning_claim TEXT,
       ticket TEXT, ticket_epoch INTEGER, ticket_expires_epoch INTEGER,
       comm_d TEXT, comm_r TEXT,
       pre_commit_cid TEXT, pre_commit_epoch INTEGER, seed TEXT, seed_epoch INTEGER,
       c1_bytes INTEGER, proof TEXT,
       prove_commit_cid TEXT, activation_epoch INTEGER, expiration INTEGER, deadline INTEGER, partition INTEGER,
       window_post_cid TEXT, proven_epoch INTEGER,
       waiting TEXT, failure TEXT)`,
    `CREATE INDEX sectors_wake_at ON sectors (wake_at) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX sectors_state ON sectors (state, sector_number)`,
    // A number is here between the miner's answer and the sector that takes it.
    `CREATE TABLE spare_numbers (sector_number INTEGER PRIMARY KEY)`,
    `CREATE TABLE pledges (request_id TEXT PRIMARY KEY, sector_number INTEGER NOT NULL)`,
    `CREATE TABLE limits (
       only_row INTEGER PRIMARY KEY CHECK (only_row = 1), enable_deal_sector INTEGER NOT NULL,
       deal_concurrent INTEGER NOT NULL, total_num INTEGER NOT NULL,
       in_flight_deals INTEGER NOT NULL, in_flight INTEGER NOT NULL)`,
    `CREATE TABLE limits_log (
       id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, event TEXT NOT NULL, sector_number INTEGER,
       in_flight_deals INTEGER NOT NULL, deal_concurrent INTEGER NOT NULL)`,
    `CREATE TABLE claims (
       claim_id TEXT PRIMARY KEY, sector_number INTEGER NOT NULL, task TEXT NOT NULL, turn INTEGER NOT NULL,
       worker_id TEXT NOT NULL, hostname TEXT NOT NULL, storage_id TEXT NOT NULL,
       state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'released', 'expired')),
       started_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, stage TEXT, fraction REAL)`,
    `CREATE INDEX claims_running ON claims (expires_ms) WHERE state = 'running'`,
    `CREATE INDEX claims_sector ON claims (sector_number, turn)`,
    `CREATE TABLE workers (
       worker_id TEXT PRIMARY KEY, hostname TEXT NOT NULL, version TEXT NOT NULL, prover TEXT NOT NULL,
       tasks TEXT NOT NULL, concurrency TEXT NOT NULL, paths TEXT NOT NULL, last_seen_ms INTEGER NOT NULL,
       stage TEXT, fraction REAL)`,
    `CREATE TABLE unseals (
       id TEXT PRIMARY KEY, sector_number INTEGER NOT NULL, turn INTEGER NOT NULL, tries INTEGER NOT NULL,
       offset_bytes INTEGER NOT NULL, length_bytes INTEGER NOT NULL, state TEXT NOT NULL, failure TEXT)`,
    `CREATE TABLE history (
       id INTEGER PRIMARY KEY, thing TEXT NOT NULL, subject TEXT NOT NULL, at_ms INTEGER NOT NULL,
       event TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL)`,
    `CREATE INDEX history_subject ON history (thing, subject, id)`,
  ],
}
