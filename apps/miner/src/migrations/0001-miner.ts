import type { Migration } from '@sealane/sql'

/**
 * The miner's first schema. attoFIL are decimal TEXT (SQLite integers end at 9.2 FIL), bytes are BLOB, times unix ms, epochs INTEGER.
 * `one_content_per_nonce` is the promise of this app: a nonce is signed once, and again only as the declared replacement of a signing.
 */
export const minerMigration1: Migration = {
  name: '0001-miner',
  statements: [
    `CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID`,

    `CREATE TABLE signatures (
       id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, address TEXT NOT NULL, kind TEXT NOT NULL,
       cid TEXT NOT NULL, request_id TEXT NOT NULL, reason TEXT NOT NULL)`,
    `CREATE TABLE daily_spend (
       day TEXT NOT NULL, what TEXT NOT NULL, who TEXT NOT NULL, amount TEXT NOT NULL,
       PRIMARY KEY (day, what, who)) WITHOUT ROWID`,

    `CREATE TABLE senders (address TEXT PRIMARY KEY, next_nonce INTEGER NOT NULL, turn INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE messages (
       uuid TEXT PRIMARY KEY, request_id TEXT NOT NULL UNIQUE, class TEXT NOT NULL, priority INTEGER NOT NULL,
       from_address TEXT NOT NULL, to_address TEXT NOT NULL, value TEXT NOT NULL, method INTEGER NOT NULL, params BLOB NOT NULL,
       reason TEXT NOT NULL, created_ms INTEGER NOT NULL,
       state TEXT NOT NULL, state_since_ms INTEGER NOT NULL, turn INTEGER NOT NULL, tries INTEGER NOT NULL, wake_at INTEGER,
       why TEXT, failure TEXT,
       nonce INTEGER, cid TEXT, gas_limit INTEGER, gas_fee_cap TEXT, gas_premium TEXT,
       first_pushed_epoch INTEGER, first_pushed_ms INTEGER, pushed_epoch INTEGER, pushed_ms INTEGER, settled INTEGER NOT NULL DEFAULT 0,
       included_epoch INTEGER, executed_epoch INTEGER, executed_tipset TEXT, exit_code INTEGER, return_data BLOB, gas_used INTEGER)`,
    `CREATE INDEX messages_open ON messages (from_address, state, priority, created_ms) WHERE settled = 0`,
    `CREATE INDEX messages_wake_at ON messages (wake_at) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX messages_executed ON messages (executed_tipset) WHERE executed_tipset IS NOT NULL`,
    `CREATE INDEX messages_created ON messages (created_ms)`,
    `CREATE TABLE signings (
       cid TEXT PRIMARY KEY, uuid TEXT NOT NULL REFERENCES messages (uuid), from_address TEXT NOT NULL, nonce INTEGER NOT NULL,
       signed BLOB NOT NULL, gas_limit INTEGER NOT NULL, gas_fee_cap TEXT NOT NULL, gas_premium TEXT NOT NULL,
       replaces TEXT UNIQUE REFERENCES signings (cid), signed_ms INTEGER NOT NULL, accepted_ms INTEGER) WITHOUT ROWID`,
    `CREATE UNIQUE INDEX one_content_per_nonce ON signings (from_address, nonce) WHERE replaces IS NULL`,
    `CREATE INDEX signings_of_message ON signings (uuid)`,
    `CREATE INDEX signings_by_nonce ON signings (from_address, nonce)`,

    `CREATE TABLE events (sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, fact BLOB NOT NULL)`,

    `CREATE TABLE number_requests (request_id TEXT PRIMARY KEY, numbers TEXT NOT NULL, at_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE sector_numbers (sector_number INTEGER PRIMARY KEY, request_id TEXT NOT NULL, at_ms INTEGER NOT NULL)`,

    `CREATE TABLE sector_steps (
       sector_number INTEGER NOT NULL, step TEXT NOT NULL, request_id TEXT NOT NULL, request_turn INTEGER NOT NULL,
       coordinator_epoch INTEGER NOT NULL, request_digest TEXT NOT NULL, answer TEXT NOT NULL, request TEXT NOT NULL,
       stage TEXT NOT NULL, message_uuid TEXT, sent_cid TEXT, landed_epoch INTEGER, seed_epoch INTEGER, seed BLOB,
       deals TEXT NOT NULL, turn INTEGER NOT NULL, wake_at INTEGER, why TEXT, at_ms INTEGER NOT NULL,
       PRIMARY KEY (sector_number, step)) WITHOUT ROWID`,
    `CREATE INDEX sector_steps_open ON sector_steps (step, stage)`,
    `CREATE INDEX sector_steps_message ON sector_steps (message_uuid)`,

    `CREATE TABLE publications (
       request_id TEXT PRIMARY KEY, proposal_cid TEXT NOT NULL UNIQUE, signed_proposal BLOB NOT NULL,
       client TEXT NOT NULL, piece_cid TEXT NOT NULL, piece_size TEXT NOT NULL, start_epoch INTEGER NOT NULL, end_epoch INTEGER NOT NULL,
       collateral TEXT NOT NULL, state TEXT NOT NULL, state_since_ms INTEGER NOT NULL, queued_ms INTEGER NOT NULL,
       turn INTEGER NOT NULL, tries INTEGER NOT NULL, wake_at INTEGER, why TEXT, failure TEXT, counted_day TEXT,
       message_uuid TEXT, batch_index INTEGER, message_cid TEXT, deal_id INTEGER)`,
    `CREATE INDEX publications_state ON publications (state)`,
    `CREATE INDEX publications_message ON publications (message_uuid)`,
  ],
}
