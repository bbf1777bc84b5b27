/** What can go wrong in a database, as facts. */
export type SqlFacts =
  | { code: 'DATABASE_URL'; url: string; reason: string }
  | { code: 'DATABASE_CORRUPT'; path: string; finding: string }
  | { code: 'SCHEMA_NEWER'; path: string; unknown: string; known: string }
  | { code: 'MIGRATION_CHANGED'; name: string }
  | { code: 'MIGRATION_FAILED'; name: string; reason: string }
  | { code: 'LOCKED'; path: string; holder: string }
  | { code: 'STALE_TURN'; table: string; key: string; turn: number }
  | { code: 'AWAITED_OUTSIDE' }
  | { code: 'WROTE_OUTSIDE' }
  | { code: 'TOO_LARGE'; subject: string; sizeBytes: number; maxBytes: number }

const remedies = {
  DATABASE_URL: 'halt',
  DATABASE_CORRUPT: 'halt',
  SCHEMA_NEWER: 'halt',
  MIGRATION_CHANGED: 'halt',
  MIGRATION_FAILED: 'halt',
  LOCKED: 'halt',
  STALE_TURN: 'retry',
  AWAITED_OUTSIDE: 'hold',
  WROTE_OUTSIDE: 'hold',
  TOO_LARGE: 'hold',
} as const satisfies Record<SqlFacts['code'], 'retry' | 'hold' | 'drop' | 'halt'>

function sentence(facts: SqlFacts): string {
  switch (facts.code) {
    case 'DATABASE_URL':
      return `database url ${facts.url}: ${facts.reason}`
    case 'DATABASE_CORRUPT':
      return `database ${facts.path} is damaged (${facts.finding}): stop, keep the file, restore a backup or rebuild it`
    case 'SCHEMA_NEWER':
      return `database ${facts.path} was written by a newer version (has ${facts.unknown}, this program knows up to ${facts.known}): install the newer program`
    case 'MIGRATION_CHANGED':
      return `migration ${facts.name} is not the one that built this database: shipped migrations are frozen, add a new one`
    case 'MIGRATION_FAILED':
      return `migration ${facts.name} failed: ${facts.reason}`
    case 'LOCKED':
      return `${facts.path} is held by ${facts.holder}: stop that one first, one process per state directory`
    case 'STALE_TURN':
      return `${facts.table} ${facts.key} has moved on from turn ${facts.turn}`
    case 'AWAITED_OUTSIDE':
      return 'a transaction awaited something other than its database: rolled back'
    case 'WROTE_OUTSIDE':
      return 'a write inside writing() did not use its transaction: it would wait for itself for ever'
    case 'TOO_LARGE':
      return `outbox snapshot of ${facts.subject} is ${facts.sizeBytes} bytes, more than ${facts.maxBytes}`
  }
}

/** Every error this package throws. `facts` for programs, `message` for people, `remedy` for the row. */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  constructor(
    readonly facts: SqlFacts,
    options?: ErrorOptions,
  ) {
    super(sentence(facts), options)
  }
  get code(): SqlFacts['code'] {
    return this.facts.code
  }
  get remedy(): 'retry' | 'hold' | 'drop' | 'halt' {
    return remedies[this.facts.code]
  }
}
