import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { Facts, MinerFacts, ProviderFacts, SealerFacts } from './facts.js'
import type { OwnerPlaces } from './places.js'
import { filesIn, readTrash } from './read-files.js'

/** How long a writer may keep us waiting. Unit: ms. */
const busyMs = 10_000

type Rows = <Row>(query: string) => Row[]

/** One owner's rows as they were at one moment, read beside it: the file is opened read-only, the owner goes on. */
function reading<T>(path: string, read: (rows: Rows) => T): T | undefined {
  if (!existsSync(path)) return undefined
  const db = new DatabaseSync(path, { readOnly: true, timeout: busyMs })
  try {
    db.exec('BEGIN')
    return read(<Row>(query: string) => db.prepare(query).all() as Row[])
  } finally {
    db.close()
  }
}

/**
 * Provider first, then sealer, then miner: what one says of the next was true before the next is read. The chain comes after.
 * A database that is not on this machine is left out.
 */
export function readOwners(places: OwnerPlaces): Pick<Facts, 'provider' | 'sealer' | 'miner'> {
  const provider = reading(places.providerDb, (rows) => readProvider(rows, places))
  const sealer = reading(places.sealerDb, (rows) => readSealer(rows, places))
  const miner = reading(places.minerDb, readMiner)
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(sealer === undefined ? {} : { sealer }),
    ...(miner === undefined ? {} : { miner }),
  }
}

const outboxQuery = 'SELECT subject, sequence, tries FROM outbox'

function readProvider(rows: Rows, { stagingDir }: OwnerPlaces): ProviderFacts {
  return {
    deals: rows('SELECT * FROM deals ORDER BY created_ms'),
    transfers: rows('SELECT deal_uuid, state FROM transfers'),
    outbox: rows(outboxQuery),
    stagingBytes: rows<{ staging_bytes: number }>('SELECT staging_bytes FROM totals')[0]?.staging_bytes ?? 0,
    staged: filesIn(stagingDir),
    trash: readTrash(stagingDir),
  }
}

function readSealer(rows: Rows, { piecesDir, hubDir, sealerDir }: OwnerPlaces): SealerFacts {
  const [limits] = rows<SealerFacts['limits']>('SELECT in_flight_deals, in_flight FROM limits')
  return {
    pieces: rows('SELECT * FROM pieces ORDER BY deal_uuid'),
    sectors: rows('SELECT * FROM sectors ORDER BY sector_number'),
    // Before the first start there is no row.
    limits: limits ?? { in_flight_deals: 0, in_flight: 0 },
    limitsLog: rows('SELECT * FROM limits_log ORDER BY id'),
    history: rows("SELECT id, subject, event FROM history WHERE thing = 'sector' ORDER BY id"),
    claims: rows('SELECT * FROM claims ORDER BY started_ms'),
    outbox: rows(outboxQuery),
    files: [...filesIn(piecesDir), ...filesIn(hubDir)],
    trash: readTrash(sealerDir),
  }
}

function readMiner(rows: Rows): MinerFacts {
  return {
    address: rows<{ value: string }>("SELECT value FROM settings WHERE name = 'miner'")[0]?.value,
    senders: rows('SELECT address, next_nonce FROM senders'),
    messages: rows('SELECT * FROM messages ORDER BY created_ms'),
    signings: rows('SELECT * FROM signings ORDER BY from_address, nonce, signed_ms'),
    numberRequests: rows('SELECT request_id, numbers FROM number_requests'),
    sectorNumbers: rows('SELECT sector_number, request_id FROM sector_numbers'),
    publications: rows('SELECT request_id, proposal_cid, client, state, deal_id FROM publications'),
    claims: rows("SELECT claim_id, row, task FROM claims WHERE state = 'held'"),
  }
}
