import { type FileServer, type Identity, Log, serveFiles } from '@sealane/host'
import type { ProviderDb } from '../provider-db.js'
import type { Staging } from '../staging/staging.js'

/**
 * Serves staged pieces to home, and to nobody else: HTTPS, client certificate of the role `sealer`, Range. A path names
 * a piece CID, never a file.
 */
export async function servePieces(o: {
  readonly host: string
  readonly port: number
  readonly tls: Identity
  readonly db: ProviderDb
  readonly staging: Staging
  readonly log: Log
}): Promise<FileServer> {
  return await serveFiles({
    host: o.host,
    port: o.port,
    tls: o.tls,
    roles: ['sealer'],
    log: o.log,
    find: async (path) => {
      const cid = /^\/pieces\/([a-z0-9]{10,128})$/.exec(path)?.[1]
      if (cid === undefined) return undefined
      const deal = await o.db
        .selectFrom('deals')
        .select('deal_uuid')
        .where('piece_cid', '=', cid)
        .where('staged', '=', 1)
        .limit(1)
        .executeTakeFirst()
      return deal === undefined ? undefined : o.staging.path(deal.deal_uuid)
    },
  })
}
