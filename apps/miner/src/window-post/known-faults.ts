import { Injectable } from '@nestjs/common'
import { type Address, BitField, declareFaultsParams, minerMethods } from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { MessageStore } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { Network } from '../network/network.js'
import { Wallet } from '../wallet/wallet.js'
import { EarlierReads, LANDING_SLACK_EPOCHS } from './earlier-reads.js'
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { PostOffers } from './post-offers.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPostOptions } from './window-post-options.js'

/** Epochs before the cutoff at which what is not read yet is no longer waited for. */
const DECIDE_EPOCHS = 10
/** A worker not heard of for this long may hold what nobody else does: its sectors are not given up for its silence. Unit: ms. */
const SILENT_MS = 60_000

/**
 * Declares faults ahead of time (method 10): before a deadline's cutoff all its sectors are read once, with an earlier challenge, and
 * those that cannot be, or lie on no path that any worker serves, are declared in one message. The PoSt then proves the others without
 * a surprise. What goes bad later is skipped, as ever.
 */
@Injectable()
export class KnownFaults {
  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly network: Network,
    private readonly wallet: Wallet,
    private readonly messager: Messager,
    private readonly messages: MessageStore,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly reads: EarlierReads,
    private readonly offers: PostOffers,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly options: WindowPostOptions,
  ) {}

  async round(miner: Address, head: TipSet): Promise<void> {
    const rows = await this.partitions.open(miner)
    const due = rows.filter((row) => row.state === 'Waiting' && this.#inTime(row, head))
    if (due.length === 0) return
    const faulty = await this.chain.minerFaults(miner, head.key)
    for (const row of due) {
      if ((await this.messages.byRequestId(requestIdOf(row))) !== undefined) continue
      const sectors = sectorsOf(row.all_sectors).filter((sector) => !faulty.has(sector))
      if (sectors.length === 0) continue
      const bad = await this.#knownBad(row, head, sectors)
      if (bad.size > 0) await this.#declare(row, bad)
    }
  }

  #inTime(row: PartitionRow, head: TipSet): boolean {
    const { blockDelaySeconds } = this.network.require()
    const lead = Math.floor(this.options.faultCheckLeadMs / (blockDelaySeconds * 1_000))
    return head.height >= row.fault_cutoff - lead && head.height < row.fault_cutoff - LANDING_SLACK_EPOCHS
  }

  /** Sectors that cannot be read, and why; empty while some may still be. */
  async #knownBad(row: PartitionRow, head: TipSet, sectors: readonly number[]): Promise<Map<number, string>> {
    const current = await this.#wantReads(row, head, sectors)
    await this.offers.vanillaOf(current)
    const reads = (await this.vanilla.of(rowIdOf(row), row.turn)).filter(({ sector_number }) =>
      sectors.includes(sector_number),
    )
    const homeless = await this.#homeless(sectors)
    const open = reads.filter(
      ({ state, sector_number }) => state === 'wanted' && !homeless.has(sector_number),
    )
    const bad = new Map<number, string>()
    if (open.length > 0 && head.height < row.fault_cutoff - DECIDE_EPOCHS) return bad
    for (const { sector_number: sector, state, reason } of reads) {
      if (state === 'failed') bad.set(sector, reason ?? 'it cannot be read')
      else if (state === 'wanted' && homeless.has(sector))
        bad.set(sector, 'it lies on no storage path that a worker serves')
    }
    return bad
  }

  /** Asks once for a vanilla proof of each: a challenge of the period before is as good as any. */
  async #wantReads(row: PartitionRow, head: TipSet, sectors: readonly number[]): Promise<PartitionRow> {
    const reads = await this.vanilla.of(rowIdOf(row), row.turn)
    const fresh = sectors.filter((sector) => !reads.some(({ sector_number }) => sector_number === sector))
    return await this.reads.want(row, head, fresh)
  }

  /** Sectors on no path, by the word of workers that are all alive: one that is silent may hold them. */
  async #homeless(sectors: readonly number[]): Promise<Set<number>> {
    const paths = await this.db.selectFrom('storage_paths').select('seen_ms').execute()
    const now = this.clock.now()
    if (paths.length === 0 || paths.some(({ seen_ms }) => now - seen_ms > SILENT_MS)) return new Set()
    const homed = await this.db
      .selectFrom('stored_sectors')
      .select('sector_number')
      .where('sector_number', '>=', Math.min(...sectors))
      .where('sector_number', '<=', Math.max(...sectors))
      .execute()
    const known = new Set(homed.map(({ sector_number }) => sector_number))
    return new Set(sectors.filter((sector) => !known.has(sector)))
  }

  async #declare(row: PartitionRow, bad: ReadonlyMap<number, string>): Promise<void> {
    const sectors = [...bad.keys()].sort((a, b) => a - b)
    const why = sectors.slice(0, 3).map((sector) => `${sector}: ${bad.get(sector)}`)
    await writing(this.db, async (trx) => {
      await this.messager.request(trx, {
        requestId: requestIdOf(row),
        class: 'faults',
        from: this.wallet.role('control-post').address,
        to: row.miner as Address,
        value: attoFil(0n),
        method: minerMethods.DeclareFaults,
        params: declareFaultsParams.encode({
          faults: [{ deadline: row.deadline, partition: row.partition, sectors: BitField.of(sectors) }],
        }),
        reason: `sectors that cannot be read: ${why.join('; ')}`,
      })
      await this.partitions.note(row, { why: `declares ${sectors.length} sectors faulty` }, trx)
    })
    this.log.error('sectors declared faulty ahead of their deadline', { row: rowIdOf(row), sectors, why })
    this.messager.nudge()
  }
}

/** Once for each duty: what is found after it is skipped. */
function requestIdOf(row: PartitionRow): string {
  return `fault-${rowIdOf(row)}`
}
