import type { Migration } from '@sealane/sql'

/**
 * What the miner last told of each sector and deal is kept beside the rows; claims know their worker's session; unseals are claimed
 * like any other work; sector numbers are asked for under the coordinator's epoch, so none is kept in stock.
 */
export const toldAndSessionsMigration: Migration = {
  name: '0002-told-and-sessions',
  statements: [
    // Turn of the request whose message the sector waits for.
    `ALTER TABLE sectors ADD COLUMN pre_commit_turn INTEGER`,
    `ALTER TABLE sectors ADD COLUMN prove_commit_turn INTEGER`,
    // The claim that left Commit1's output on the hub.
    `ALTER TABLE sectors ADD COLUMN c1_claim TEXT`,
    `CREATE TABLE told (
       sector_number INTEGER NOT NULL, what TEXT NOT NULL CHECK (what IN ('preCommit', 'seed', 'proveCommit')),
       fact TEXT NOT NULL, PRIMARY KEY (sector_number, what)) WITHOUT ROWID`,
    `CREATE TABLE told_publications (
       deal_uuid TEXT PRIMARY KEY, state TEXT NOT NULL, message_cid TEXT, deal_id INTEGER, failure TEXT) WITHOUT ROWID`,
    `ALTER TABLE workers ADD COLUMN session TEXT NOT NULL DEFAULT ''`,
    `ALTER TABLE workers ADD COLUMN highest_sector INTEGER NOT NULL DEFAULT 0`,
    `CREATE INDEX claims_worker ON claims (worker_id) WHERE state = 'running'`,
    `ALTER TABLE unseals ADD COLUMN claim_id TEXT`,
    `ALTER TABLE unseals ADD COLUMN worker_id TEXT`,
    `ALTER TABLE unseals ADD COLUMN expires_ms INTEGER`,
    `ALTER TABLE unseals ADD COLUMN stage TEXT`,
    `ALTER TABLE unseals ADD COLUMN fraction REAL`,
    `CREATE INDEX unseals_queued ON unseals (sector_number) WHERE state = 'queued'`,
    `CREATE INDEX pieces_piece_cid ON pieces (piece_cid)`,
    `DROP TABLE spare_numbers`,
    `CREATE TABLE spare_numbers (sector_number INTEGER PRIMARY KEY, coordinator_epoch INTEGER NOT NULL)`,
  ],
}
