import { type FileServer, type Identity, type Log, type ReceiveFile, serveFiles } from '@sealane/host'
import { type Kysely, sql } from 'kysely'
import type { SealerDb } from '../sealer-db.js'
import { c1Path, type Dirs, piecePath, unsealedPath } from './hub-paths.js'
import { retireC1IfOver, retireUnsealedIfOver } from './retire.js'

/** C1 output: ~100 KB of JSON for 2KiB sectors, ~50 MB for 32GiB ones. Source: sealing.md 2.3. Unit: bytes. */
const MAX_C1_BYTES = 256 * 1024 * 1024
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const piecePattern = /^\/pieces\/([a-z0-9]{10,128})\/(\d{1,15})$/
const c1Pattern = new RegExp(`^/hub/c1/(${uuid})$`)
const unsealedPattern = new RegExp(`^/hub/unsealed/(${uuid})$`)

/**
 * The hub of home: workers fetch pieces and what another stage left, and leave what the next one needs. Every name is looked up in the
 * database before it becomes a path, and only a running claim may leave something.
 */
export async function serveHub(o: {
  host: string
  port: number
  tls: Identity
  db: Kysely<SealerDb>
  dirs: Dirs
  log: Log
}): Promise<FileServer> {
  return await serveFiles({
    host: o.host,
    port: o.port,
    tls: o.tls,
    roles: ['worker'],
    log: o.log,
    find: (path) => findFile(path, o.db, o.dirs),
    receive: (path) => placeFor(path, o.db, o.dirs),
  })
}

/** The file that a worker may fetch under this name. */
async function findFile(path: string, db: Kysely<SealerDb>, dirs: Dirs): Promise<string | undefined> {
  const [, pieceCid, payloadBytes] = piecePattern.exec(path) ?? []
  if (pieceCid !== undefined) {
    const piece = await db
      .selectFrom('pieces')
      .select(['piece_cid', 'payload_size'])
      .where('piece_cid', '=', pieceCid)
      .where('payload_size', '=', Number(payloadBytes))
      .limit(1)
      .executeTakeFirst()
    return piece && piecePath(dirs.pieces, piece)
  }
  const claimId = c1Pattern.exec(path)?.[1]
  if (claimId === undefined) return undefined
  const claim = await db
    .selectFrom('claims')
    .innerJoin('sectors', 'sectors.sector_number', 'claims.sector_number')
    .select('sectors.c1_claim')
    .where('claims.claim_id', '=', claimId)
    .whereRef('sectors.c1_claim', '=', 'claims.claim_id')
    .executeTakeFirst()
  return claim && c1Path(dirs.hub, claim)
}

/** Where a worker may leave a file under this name. An upload that was under way when its claim ended goes to the trash at once. */
async function placeFor(path: string, db: Kysely<SealerDb>, dirs: Dirs): ReturnType<ReceiveFile> {
  const unsealId = unsealedPattern.exec(path)?.[1]
  if (unsealId !== undefined) {
    const unseal = await db
      .selectFrom('unseals')
      .select(['id', 'length_bytes'])
      .where('id', '=', unsealId)
      .where('state', '=', sql.lit('queued'))
      .executeTakeFirst()
    return (
      unseal && {
        path: unsealedPath(dirs.hub, unseal.id),
        maxBytes: unseal.length_bytes,
        arrived: () => retireUnsealedIfOver(unseal.id, db, dirs),
      }
    )
  }
  const claimId = c1Pattern.exec(path)?.[1]
  if (claimId === undefined) return undefined
  const claim = await db
    .selectFrom('claims')
    .select('claim_id')
    .where('claim_id', '=', claimId)
    .where('task', '=', 'c1')
    .where('state', '=', sql.lit('running'))
    .executeTakeFirst()
  return (
    claim && {
      path: c1Path(dirs.hub, { c1_claim: claim.claim_id }),
      maxBytes: MAX_C1_BYTES,
      arrived: () => retireC1IfOver(claim.claim_id, db, dirs),
    }
  )
}
