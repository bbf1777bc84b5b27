import { Injectable } from '@nestjs/common'
import type { PartitionEvent } from '@sealane/lifecycle'
import { Clock } from '../clock.js'
import type { MinerTransaction } from '../database.js'
import { Network } from '../network/network.js'
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { vanillaBudgetMs } from './time-budget.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPostOptions } from './window-post-options.js'

interface Reading {
  readonly randomness: Uint8Array
  readonly allSectors: readonly number[]
  readonly sectors: readonly { sectorNumber: number; commR: Uint8Array }[]
}

/** Begins the reading of a partition's vanilla proofs, each time under a new turn: older claims and their results are refused from then on. */
@Injectable()
export class Collecting {
  constructor(
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly network: Network,
    private readonly clock: Clock,
    private readonly options: WindowPostOptions,
  ) {}

  /** For a new challenge. */
  async begin(
    trx: MinerTransaction,
    row: PartitionRow,
    event: Extract<PartitionEvent, 'challenged' | 'randomnessChanged' | 'refused'>,
    headEpoch: number,
    reading: Reading,
    why: string | null = null,
  ): Promise<PartitionRow> {
    const moved = await this.partitions.move(trx, row, event, {
      ...this.#fresh(row, headEpoch),
      randomness: reading.randomness,
      all_sectors: JSON.stringify(reading.allSectors),
      to_prove: JSON.stringify(reading.sectors.map(({ sectorNumber }) => sectorNumber)),
      why,
    })
    await this.vanilla.want(trx, rowIdOf(row), moved.turn, reading.sectors)
    return moved
  }

  /** The proof of what was read is no good: read everything again. */
  async spoil(
    trx: MinerTransaction,
    row: PartitionRow,
    headEpoch: number,
    why: string,
  ): Promise<PartitionRow> {
    const wanted = new Set(sectorsOf(row.to_prove))
    const before = await this.vanilla.of(rowIdOf(row), row.collect_turn ?? row.turn, trx)
    const moved = await this.partitions.move(trx, row, 'spoiled', {
      ...this.#fresh(row, headEpoch),
      spoils: row.spoils + 1,
      why,
    })
    const sectors = before
      .filter(({ sector_number }) => wanted.has(sector_number))
      .map(({ sector_number, comm_r }) => ({ sectorNumber: sector_number, commR: comm_r }))
    await this.vanilla.want(trx, rowIdOf(row), moved.turn, sectors)
    return moved
  }

  #fresh(row: PartitionRow, headEpoch: number) {
    const { blockDelaySeconds } = this.network.require()
    return {
      collect_turn: row.turn + 1,
      collecting_since_ms: this.clock.now(),
      collecting_epoch: headEpoch,
      budget_ms: vanillaBudgetMs({
        configuredMs: this.options.vanillaBudgetMs,
        windowEpochs: row.close - row.open,
        epochsLeft: row.close - headEpoch,
        blockDelayMs: blockDelaySeconds * 1_000,
      }),
      skipped: '[]',
      proof: null,
      prover: null,
    }
  }
}
