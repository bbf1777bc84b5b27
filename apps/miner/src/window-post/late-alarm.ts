import { Injectable } from '@nestjs/common'
import type { TipSet } from '@sealane/chain'
import { Log } from '@sealane/host'
import { Alerts } from '../alert/alerts.js'
import { Clock } from '../clock.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'

/** Calls somebody once for each duty that takes too long. */
@Injectable()
export class LateAlarm {
  constructor(
    private readonly partitions: PartitionStore,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
  ) {}

  /** Half of the time is gone and the proof is not accepted: somebody should look. */
  look(row: PartitionRow, head: TipSet): void {
    const { collecting_since_ms: since, budget_ms: budgetMs } = row
    if (row.alarmed === 1 || since === null || budgetMs === null) return
    const elapsedMs = this.clock.now() - since
    const halfWindow = head.height >= row.open + (row.close - row.open) / 2
    if (elapsedMs < budgetMs / 2 || (row.state !== 'Collecting' && !halfWindow)) return
    void this.partitions
      .note(row, { alarmed: 1 })
      .catch((error: unknown) => this.log.warn('alarm not noted', { row: rowIdOf(row), error }))
    this.alerts.raise(
      'post-half-time',
      `WindowPoSt of deadline ${row.deadline}, partition ${row.partition} is still ${row.state} after half its time (closes at epoch ${row.close}, now ${head.height}): ${row.why ?? ''}`,
    )
  }
}
