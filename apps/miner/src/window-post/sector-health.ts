import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { MinerDb, type MinerTransaction } from '../database.js'
import { EventStore } from '../events/event-store.js'
import { Network } from '../network/network.js'
import { VanillaStore } from './vanilla-store.js'

/** Faults are compared with the chain's at least this often. Unit: epochs. */
const COMPARE_EVERY_EPOCHS = 10

/** Tells home, once per change, which sectors are proven and which are faulty, as the chain has it at confidence. */
@Injectable()
export class SectorHealth {
  #comparedAt = Number.NEGATIVE_INFINITY

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly network: Network,
    private readonly events: EventStore,
    private readonly vanilla: VanillaStore,
    private readonly log: Log,
  ) {}

  /** An accepted PoSt covers these sectors. Those already told as proven are not told again. */
  async proven(
    trx: MinerTransaction,
    o: { sectors: readonly number[]; messageCid: string; epoch: number },
  ): Promise<void> {
    for (const sectorNumber of o.sectors) {
      const known = await trx
        .selectFrom('sector_health')
        .select('state')
        .where('sector_number', '=', sectorNumber)
        .executeTakeFirst()
      if (known?.state === 'proven') continue
      await this.#remember(trx, sectorNumber, {
        state: 'proven',
        epoch: o.epoch,
        message_cid: o.messageCid,
        reason: '',
      })
      await this.events.append(trx, o.epoch, {
        $case: 'sectorProven',
        value: { sectorNumber, messageCid: o.messageCid, provenEpoch: o.epoch },
      })
    }
  }

  /** The chain's state moved on: compare at the next round. */
  doubt(): void {
    this.#comparedAt = Number.NEGATIVE_INFINITY
  }

  async round(miner: Address, head: TipSet): Promise<void> {
    if (head.height < this.#comparedAt + COMPARE_EVERY_EPOCHS && head.height >= this.#comparedAt) return
    const believed = head.height - this.network.confidence().landing
    if (believed < 1) return
    const at = await this.chain.tipSetByHeight(epoch(believed), head.key)
    const faulty = (await this.chain.minerFaults(miner, at.key)).toNumbers()
    const faultyKnown = await this.db
      .selectFrom('sector_health')
      .select('sector_number')
      .where('state', '=', 'faulty')
      .execute()
    const told = new Set(faultyKnown.map(({ sector_number }) => sector_number))
    for (const sectorNumber of faulty.filter((sector) => !told.has(sector))) {
      // Proven since the state that is looked at here: what was told last is newer.
      if (await this.#provenSince(sectorNumber, at.height)) continue
      const reason = (await this.vanilla.whyUnread(sectorNumber)) ?? 'its deadline passed without a proof'
      await writing(this.db, async (trx) => {
        await this.#remember(trx, sectorNumber, {
          state: 'faulty',
          epoch: at.height,
          message_cid: '',
          reason,
        })
        await this.events.append(trx, at.height, { $case: 'sectorFaulty', value: { sectorNumber, reason } })
      })
      this.log.error('sector is faulty', { sector: sectorNumber, epoch: at.height, reason })
    }
    this.#comparedAt = head.height
  }

  async #provenSince(sector: number, height: number): Promise<boolean> {
    const known = await this.db
      .selectFrom('sector_health')
      .select('state')
      .where('sector_number', '=', sector)
      .where('epoch', '>=', height)
      .executeTakeFirst()
    return known?.state === 'proven'
  }

  async #remember(
    trx: MinerTransaction,
    sector_number: number,
    facts: { state: 'proven' | 'faulty'; epoch: number; message_cid: string; reason: string },
  ): Promise<void> {
    await trx
      .insertInto('sector_health')
      .values({ sector_number, ...facts })
      .onConflict((conflict) => conflict.column('sector_number').doUpdateSet(facts))
      .execute()
  }
}
