import { type FileServer, type Identity, Log, serveFiles } from '@sealane/host'
import type { ProviderDb } from '../provider-db.js'
import type { Staging } from '../staging/staging.js'

/**
 * Serves staged pieces to home, and to nobody else: HTTPS, client certificate of the role `sealer`, Range. A path names
 * a piece CID and how many bytes of payload, never a file: `/pieces/<cid>/<bytes>`. A CID alone does not tell what bytes
 * are meant, for zeros at a payload's end leave its commP as it is; with the length it does. Without the length it is
 * answered only while all copies here are of one length.
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
      const [, cid, bytes] = /^\/pieces\/([a-z0-9]{10,128})(?:\/(\d{1,15}))?$/.exec(path) ?? []
      if (cid === undefined) return undefined
      const staged = await o.db
        .selectFrom('deals')
        .innerJoin('transfers', 'transfers.deal_uuid', 'deals.deal_uuid')
        .select(['deals.deal_uuid', 'transfers.total_bytes'])
        .where('deals.piece_cid', '=', cid)
        .where('deals.staged', '=', 1)
        .execute()
      const wanted = bytes === undefined ? staged[0]?.total_bytes : Number(bytes)
      if (bytes === undefined && staged.some((deal) => deal.total_bytes !== wanted)) return undefined
      const deal = staged.find(({ total_bytes }) => total_bytes === wanted)
      return deal === undefined ? undefined : o.staging.path(deal.deal_uuid)
    },
  })
}
