import { Injectable } from '@nestjs/common'
import { MinerDb, type MinerTransaction } from '../database.js'

/** Facts about this installation that outlive a restart. */
export type SettingName =
  | 'miner'
  | 'robust'
  | 'network'
  | 'genesis'
  | 'sectorSize'
  | 'init'
  | 'cursor'
  | 'coordinatorEpoch'
  /** Deals queued up to this time do not wait for their batch: the operator said so. Unix ms. */
  | 'publishNow'

@Injectable()
export class Settings {
  constructor(private readonly db: MinerDb) {}

  async get(name: SettingName): Promise<string | undefined> {
    const row = await this.db
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirst()
    return row?.value
  }

  async set(trx: MinerTransaction | MinerDb, name: SettingName, value: string): Promise<void> {
    await trx
      .insertInto('settings')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute()
  }
}
