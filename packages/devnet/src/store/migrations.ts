import type { Migration } from '@sealane/sql'

/** Shipped steps are never edited: a new one is added. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-chain',
    statements: [
      // Single values: genesis, ticket book, clock, RPC secret, mempool settings. JSON.
      'CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
      // Whole chain states by root, deflated. A block that changes nothing shares its parent's.
      'CREATE TABLE states (root TEXT PRIMARY KEY, body BLOB NOT NULL)',
      // Every block ever made, reverted ones too; post_root is the state after its messages and its cron.
      `CREATE TABLE blocks (
        cid TEXT PRIMARY KEY, height INTEGER NOT NULL, parent TEXT NOT NULL, header BLOB NOT NULL,
        post_root TEXT NOT NULL, message_count INTEGER NOT NULL)`,
      // The chain itself.
      'CREATE TABLE canonical (height INTEGER PRIMARY KEY, block TEXT NOT NULL, message_count INTEGER NOT NULL)',
      'CREATE INDEX canonical_with_messages ON canonical (height) WHERE message_count > 0',
      // Every signed message ever taken, by chain CID; sender and receiver as key or robust addresses where known.
      `CREATE TABLE messages (
        cid TEXT PRIMARY KEY, unsigned_cid TEXT NOT NULL, sender TEXT NOT NULL, nonce INTEGER NOT NULL,
        receiver TEXT NOT NULL, bytes BLOB NOT NULL)`,
      'CREATE INDEX messages_by_unsigned ON messages (unsigned_cid)',
      'CREATE INDEX messages_by_sender ON messages (sender, nonce)',
      'CREATE INDEX messages_by_receiver ON messages (receiver)',
      // Which block carried a message, and what its execution there left.
      `CREATE TABLE inclusions (
        block TEXT NOT NULL, position INTEGER NOT NULL, message TEXT NOT NULL, exit_code INTEGER NOT NULL,
        returned BLOB NOT NULL, gas_used INTEGER NOT NULL, gas_cost TEXT NOT NULL, error TEXT NOT NULL,
        trace TEXT NOT NULL, PRIMARY KEY (block, position)) WITHOUT ROWID`,
      'CREATE INDEX inclusions_by_message ON inclusions (message)',
      // The inner IPLD nodes of blocks that carry messages.
      'CREATE TABLE objects (cid TEXT PRIMARY KEY, bytes BLOB NOT NULL)',
      'CREATE TABLE pool (message TEXT PRIMARY KEY, arrival INTEGER NOT NULL)',
      'CREATE TABLE keys (address TEXT PRIMARY KEY, key TEXT NOT NULL, created INTEGER NOT NULL)',
      // MsgUuid of MpoolPushMessage: the same one is answered with the same message.
      'CREATE TABLE pushes (uuid TEXT PRIMARY KEY, message TEXT NOT NULL)',
    ],
  },
]
