import type { Migration } from '@sealane/sql'

/**
 * WindowPoSt: one row per (miner, proving period, deadline, partition), what was read for it, and the workers who read.
 * Sector lists are JSON arrays of numbers. `done` rows are history.
 */
export const windowPostMigration: Migration = {
  name: '0002-window-post',
  statements: [
    `CREATE TABLE partitions (
       miner TEXT NOT NULL, period_start INTEGER NOT NULL, deadline INTEGER NOT NULL, partition INTEGER NOT NULL,
       open INTEGER NOT NULL, close INTEGER NOT NULL, challenge INTEGER NOT NULL, fault_cutoff INTEGER NOT NULL,
       state TEXT NOT NULL, state_since_ms INTEGER NOT NULL, turn INTEGER NOT NULL, tries INTEGER NOT NULL, wake_at INTEGER,
       why TEXT, failure TEXT, all_sectors TEXT NOT NULL, to_prove TEXT NOT NULL, skipped TEXT NOT NULL,
       randomness BLOB, collect_turn INTEGER, collecting_since_ms INTEGER, collecting_epoch INTEGER, budget_ms INTEGER,
       alarmed INTEGER NOT NULL DEFAULT 0, spoils INTEGER NOT NULL DEFAULT 0, proof BLOB, prover TEXT,
       message_uuid TEXT, message_cid TEXT, submissions INTEGER NOT NULL DEFAULT 0, proven_epoch INTEGER,
       check_randomness BLOB, declaration TEXT, declarations INTEGER NOT NULL DEFAULT 0,
       retired INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0,
       PRIMARY KEY (miner, period_start, deadline, partition)) WITHOUT ROWID`,
    `CREATE INDEX partitions_open ON partitions (done, close)`,
    `CREATE INDEX partitions_unretired ON partitions (retired, close)`,

    // What is read for a turn of a row: `wanted` until a claim delivers it (`arrived`) or every path has failed (`failed`).
    `CREATE TABLE vanilla_proofs (
       row TEXT NOT NULL, turn INTEGER NOT NULL, sector_number INTEGER NOT NULL, comm_r BLOB NOT NULL,
       state TEXT NOT NULL, storage_id TEXT, claim_id TEXT, size_bytes INTEGER, tries INTEGER NOT NULL DEFAULT 0,
       tried TEXT NOT NULL, reason TEXT, at_ms INTEGER NOT NULL,
       PRIMARY KEY (row, turn, sector_number)) WITHOUT ROWID`,
    `CREATE INDEX vanilla_proofs_sector ON vanilla_proofs (sector_number, at_ms)`,

    `CREATE TABLE workers (
       worker_id TEXT PRIMARY KEY, hostname TEXT NOT NULL, tasks TEXT NOT NULL, prover TEXT NOT NULL, version TEXT NOT NULL,
       seen_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE storage_paths (storage_id TEXT PRIMARY KEY, worker_id TEXT NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID`,
    `CREATE TABLE stored_sectors (
       sector_number INTEGER NOT NULL, storage_id TEXT NOT NULL, finalized INTEGER NOT NULL,
       PRIMARY KEY (sector_number, storage_id)) WITHOUT ROWID`,
    `CREATE INDEX stored_sectors_path ON stored_sectors (storage_id)`,

    `CREATE TABLE claims (
       claim_id TEXT PRIMARY KEY, row TEXT NOT NULL, turn INTEGER NOT NULL, task TEXT NOT NULL, storage_id TEXT NOT NULL,
       worker_id TEXT NOT NULL, lease_until_ms INTEGER NOT NULL, state TEXT NOT NULL, stage TEXT NOT NULL, fraction REAL NOT NULL) WITHOUT ROWID`,
    `CREATE UNIQUE INDEX one_claim ON claims (row, turn, task, storage_id) WHERE state = 'held'`,
    `CREATE INDEX claims_lease ON claims (state, lease_until_ms)`,

    // What home was told last about a sector's proofs, so that it is told each change once.
    `CREATE TABLE sector_health (
       sector_number INTEGER PRIMARY KEY, state TEXT NOT NULL, epoch INTEGER NOT NULL, message_cid TEXT NOT NULL, reason TEXT NOT NULL)`,
  ],
}
