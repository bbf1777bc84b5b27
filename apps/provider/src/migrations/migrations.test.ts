import { join } from 'node:path'
import { migrate, openDatabase } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { ProviderTables } from '../provider-db.js'
import { migrations } from './index.js'

describe('deals.db of an older version', () => {
  it('keeps its deals and transfers, their order, and what may not be twice', async () => {
    const db = await openDatabase<ProviderTables>(`sqlite:${join(temporaryDirectory(), 'deals.db')}`)
    const older = migrations.slice(
      0,
      migrations.findIndex(({ name }) => name === '0002-rows-in-order'),
    )
    await migrate(db, older)
    const deal = (uuid: string, created: number, live: number) =>
      sql`INSERT INTO deals (deal_uuid, turn, state, state_since_ms, live, created_ms, peer_id, normalised_cid, proposal_cid,
            signed_proposal_cid, params, client, provider, piece_cid, piece_size, start_epoch, end_epoch, price_per_epoch,
            provider_collateral, verified, offline, label, transfer_size, deal_id)
          VALUES (${uuid}, 3, 'Publishing', 5, ${live}, ${created}, 'peer', 'same', 'cid', 'signed', x'a0', 'f01', 'f02', 'piece', 2048,
            10, 20, '1', '2', 0, 1, 'label', 7, 44)`.execute(db)
    const transfer = (uuid: string) =>
      sql`INSERT INTO transfers VALUES (${uuid}, 2, 'Done', 6, NULL, 1, 7, 7, 0, 'etag', '/data/car', NULL)`.execute(
        db,
      )
    for (const [uuid, created, live] of [
      ['a', 300, 1],
      ['b', 100, 0],
      ['c', 200, 0],
    ] as const) {
      await deal(uuid, created, live)
      await transfer(uuid)
    }
    const all = async () => ({
      deals: await db.selectFrom('deals').selectAll().orderBy('deal_uuid').execute(),
      transfers: await db.selectFrom('transfers').selectAll().orderBy('deal_uuid').execute(),
    })
    const before = await all()
    expect(await migrate(db, migrations)).toEqual(migrations.slice(older.length).map(({ name }) => name))
    expect(await all()).toEqual(before)
    const { rows } = await sql<{ deal_uuid: string }>`SELECT deal_uuid FROM deals ORDER BY rowid`.execute(db)
    expect(rows.map(({ deal_uuid }) => deal_uuid)).toEqual(['b', 'c', 'a'])

    await expect(deal('a', 400, 0), 'one uuid').rejects.toThrow(/UNIQUE.*deal_uuid/)
    await expect(deal('d', 400, 1), 'one live proposal').rejects.toThrow(/UNIQUE.*normalised_cid/)
    await expect(transfer('a'), 'one transfer a deal').rejects.toThrow(/UNIQUE/)
    await expect(transfer('nobody'), 'none without its deal').rejects.toThrow(/FOREIGN KEY/)
    const { rows: due } = await sql<{
      detail: string
    }>`EXPLAIN QUERY PLAN SELECT * FROM transfers WHERE wake_at <= 5 ORDER BY wake_at LIMIT 9`.execute(db)
    expect(due.map(({ detail }) => detail).join()).toMatch(/USING INDEX transfers_wake_at/)
    await db.destroy()
  })
})
