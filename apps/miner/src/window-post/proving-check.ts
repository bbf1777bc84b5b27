import { Injectable } from '@nestjs/common'
import { ChainPort } from '@sealane/chain'
import type { minerOperator, ResultOf } from '@sealane/proto'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MinerActor } from '../network/miner-actor.js'
import { VanillaStore } from './vanilla-store.js'

type Checked = ResultOf<(typeof minerOperator)['proving.check']>[number]

/** A worker not heard of for this long cannot be counted on at the next deadline. Unit: ms. */
const SILENT_MS = 60_000

/** What `sealane proving check` shows: whether each sector of a deadline could be read now, as the workers' own words have it. */
@Injectable()
export class ProvingCheck {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly actor: MinerActor,
    private readonly vanilla: VanillaStore,
    private readonly clock: Clock,
  ) {}

  async check(deadline: number): Promise<Checked[]> {
    const { address } = await this.actor.require()
    const partitions = await this.chain.partitions(address, deadline, this.watch.head?.key)
    const rows: Checked[] = []
    for (const [partition, { liveSectors, faultySectors }] of partitions.entries()) {
      const sectors = liveSectors.toNumbers()
      const problems = await this.#problems(sectors)
      for (const sectorNumber of sectors) {
        const problem = problems.get(sectorNumber) ?? (await this.vanilla.whyUnread(sectorNumber)) ?? null
        rows.push({ deadline, partition, sectorNumber, faulty: faultySectors.has(sectorNumber), problem })
      }
    }
    return rows
  }

  /** Sectors that no live worker serves, and why. */
  async #problems(sectors: readonly number[]): Promise<Map<number, string>> {
    const found = new Map(sectors.map((sector) => [sector, 'no worker serves a storage path that holds it']))
    if (sectors.length === 0) return found
    const homes = await this.db
      .selectFrom('stored_sectors')
      .innerJoin('storage_paths', 'storage_paths.storage_id', 'stored_sectors.storage_id')
      .select(['sector_number', 'stored_sectors.storage_id', 'worker_id', 'seen_ms'])
      .where('sector_number', '>=', Math.min(...sectors))
      .where('sector_number', '<=', Math.max(...sectors))
      .orderBy('seen_ms')
      .execute()
    const now = this.clock.now()
    for (const { sector_number, storage_id, worker_id, seen_ms } of homes) {
      const silentMs = now - seen_ms
      if (silentMs < SILENT_MS) found.delete(sector_number)
      else if (found.has(sector_number))
        found.set(
          sector_number,
          `worker ${worker_id}, which serves its path ${storage_id}, was last heard of ${Math.floor(silentMs / 1000)} s ago`,
        )
    }
    return found
  }
}
