import { Injectable } from '@nestjs/common'
import type { Address, DeadlineInfo } from '@sealane/actors'
import { next, type PartitionEvent, type PartitionState, partitionTransitions } from '@sealane/lifecycle'
import { compareAndSet } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import type { PartitionKey, PartitionRow } from './partition-row.js'
import type { PartitionTable } from './window-post-tables.js'

type Changes = Partial<Omit<PartitionTable, 'state' | 'turn'>>

/** The rows of partitions. States change by the lifecycle's table and compare-and-set on `turn` only. */
@Injectable()
export class PartitionStore {
  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
  ) {}

  /** Makes the row of a partition's next duty unless it exists. True when it is new. */
  async plan(o: {
    miner: Address
    info: DeadlineInfo
    partition: number
    allSectors: readonly number[]
  }): Promise<boolean> {
    const { miner, info, partition, allSectors } = o
    const made = await this.db
      .insertInto('partitions')
      .values({
        miner,
        period_start: info.periodStart,
        deadline: info.index,
        partition,
        open: info.open,
        close: info.close,
        challenge: info.challenge,
        fault_cutoff: info.faultCutoff,
        state: 'Waiting',
        state_since_ms: this.clock.now(),
        turn: 0,
        tries: 0,
        all_sectors: JSON.stringify(allSectors),
        to_prove: '[]',
        skipped: '[]',
        alarmed: 0,
        spoils: 0,
        submissions: 0,
        declarations: 0,
        retired: 0,
        done: 0,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    return made.numInsertedOrUpdatedRows === 1n
  }

  /** Rows that are not history, those that close first in front. */
  async open(miner: Address): Promise<PartitionRow[]> {
    return await this.db
      .selectFrom('partitions')
      .selectAll()
      .where('done', '=', 0)
      .where('miner', '=', miner)
      .orderBy('close')
      .orderBy('deadline')
      .orderBy('partition')
      .execute()
  }

  async find(
    miner: Address,
    key: PartitionKey,
    db: MinerDb | MinerTransaction = this.db,
  ): Promise<PartitionRow | undefined> {
    return await db
      .selectFrom('partitions')
      .selectAll()
      .where('miner', '=', miner)
      .where('period_start', '=', key.periodStart)
      .where('deadline', '=', key.deadline)
      .where('partition', '=', key.partition)
      .executeTakeFirst()
  }

  /** Rows whose files have served their time. */
  async unretired(miner: Address, closedBefore: number, limit = 50): Promise<PartitionRow[]> {
    return await this.db
      .selectFrom('partitions')
      .selectAll()
      .where('miner', '=', miner)
      .where('retired', '=', 0)
      .where('done', '=', 1)
      .where('close', '<', closedBefore)
      .orderBy('close')
      .limit(limit)
      .execute()
  }

  /** The newest rows, done ones too, for the operator. */
  async latest(miner: Address, limit: number): Promise<PartitionRow[]> {
    return await this.db
      .selectFrom('partitions')
      .selectAll()
      .where('miner', '=', miner)
      .orderBy('close', 'desc')
      .orderBy('partition')
      .limit(limit)
      .execute()
  }

  /** Moves the row by an event; a new state starts its tries anew. Throws WrongTransition, or SqlError STALE_TURN. */
  async move(
    trx: MinerTransaction,
    row: PartitionRow,
    event: PartitionEvent,
    changes: Changes = {},
  ): Promise<PartitionRow> {
    const state: PartitionState = next('partition', partitionTransitions, row.state, event)
    const saved = {
      why: null,
      failure: null,
      tries: 0,
      wake_at: null,
      ...changes,
      state,
      state_since_ms: state === row.state ? row.state_since_ms : this.clock.now(),
    }
    const turn = await compareAndSet(trx, 'partitions', keyOf(row), row.turn, saved)
    return { ...row, ...saved, turn } as PartitionRow
  }

  /** Writes down what is not a change of state; nothing happens when the row has moved on. */
  async note(
    row: PartitionRow,
    changes: Changes,
    db: MinerDb | MinerTransaction = this.db,
  ): Promise<PartitionRow> {
    const differs = Object.entries(changes).some(([name, value]) => row[name as keyof PartitionRow] !== value)
    if (!differs) return row
    await db
      .updateTable('partitions')
      .set(changes)
      .where('miner', '=', row.miner)
      .where('period_start', '=', row.period_start)
      .where('deadline', '=', row.deadline)
      .where('partition', '=', row.partition)
      .where('turn', '=', row.turn)
      .execute()
    return { ...row, ...changes } as PartitionRow
  }
}

function keyOf(row: PartitionRow) {
  return {
    miner: row.miner,
    period_start: row.period_start,
    deadline: row.deadline,
    partition: row.partition,
  }
}
