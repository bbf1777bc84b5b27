import { join } from 'node:path'
import { type FileServer, type Identity, type Log, serveFiles } from '@sealane/host'
import type { Kysely } from 'kysely'
import { c1HubPath } from '../claims/task-of.js'
import { piecePath } from '../intake/pull-piece.js'
import type { SealerDb } from '../sealer-db.js'

/** C1 output: ~100 KB of JSON for 2KiB sectors, ~50 MB for 32GiB ones. Source: sealing.md 2.3. Unit: bytes. */
const MAX_C1_BYTES = 256 * 1024 * 1024

/** C1 outputs by hub path: `<sector>-<seed epoch>.json`. */
export function c1Path(hubDir: string, name: string): string {
  return join(hubDir, 'c1', `${name}.json`)
}

export function unsealedPath(hubDir: string, id: string): string {
  return join(hubDir, 'unsealed', id)
}

/**
 * The hub of home: workers fetch pieces and what another stage left, and leave what the next one needs. Every name is looked up in the
 * database before it becomes a path.
 */
export async function serveHub(o: {
  host: string
  port: number
  tls: Identity
  db: Kysely<SealerDb>
  piecesDir: string
  hubDir: string
  log: Log
}): Promise<FileServer> {
  return await serveFiles({
    host: o.host,
    port: o.port,
    tls: o.tls,
    roles: ['worker', 'sealer'],
    log: o.log,
    find: async (path) => {
      const pieceCid = /^\/pieces\/([a-z0-9]+)$/.exec(path)?.[1]
      if (pieceCid !== undefined) {
        const known = await o.db
          .selectFrom('pieces')
          .select('piece_cid')
          .where('piece_cid', '=', pieceCid)
          .limit(1)
          .executeTakeFirst()
        return known && piecePath(o.piecesDir, known.piece_cid)
      }
      const name = await knownC1(o.db, path)
      return name === undefined ? undefined : c1Path(o.hubDir, name)
    },
    receive: async (path) => {
      const unseal = /^\/hub\/unsealed\/([0-9a-f-]{36})$/.exec(path)?.[1]
      if (unseal !== undefined) {
        const row = await o.db.selectFrom('unseals').selectAll().where('id', '=', unseal).executeTakeFirst()
        return row && { path: unsealedPath(o.hubDir, row.id), maxBytes: row.length_bytes }
      }
      const name = await knownC1(o.db, path)
      return name === undefined ? undefined : { path: c1Path(o.hubDir, name), maxBytes: MAX_C1_BYTES }
    },
  })
}

/** The name of a C1 output that a sector of ours really has or is about to have. */
async function knownC1(db: Kysely<SealerDb>, path: string): Promise<string | undefined> {
  const sectorNumber = Number(/^\/hub\/c1\/(\d{1,15})--?\d{1,15}$/.exec(path)?.[1] ?? Number.NaN)
  if (!Number.isSafeInteger(sectorNumber)) return undefined
  const sector = await db
    .selectFrom('sectors')
    .selectAll()
    .where('sector_number', '=', sectorNumber)
    .executeTakeFirst()
  return sector && c1HubPath(sector) === path ? path.slice('/hub/c1/'.length) : undefined
}
