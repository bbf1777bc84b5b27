import { Injectable } from '@nestjs/common'
import type { TipSet } from '@sealane/chain'
import { writing } from '@sealane/sql'
import { MinerDb } from '../database.js'
import { Network } from '../network/network.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { PostFacts } from './post-facts.js'
import { VanillaStore } from './vanilla-store.js'

/** Epochs before the cutoff at which a declaration, of faults or recoveries, is no longer begun: it must land. */
export const LANDING_SLACK_EPOCHS = 3

/** Reads of sectors before their deadline's own challenge is known, to tell good ones from bad ones in time for a declaration. */
@Injectable()
export class EarlierReads {
  constructor(
    private readonly db: MinerDb,
    private readonly network: Network,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly facts: PostFacts,
  ) {}

  /**
   * Asks for a vanilla proof of each `fresh` sector, and once more of each in `again`, for the challenge of the period before: what was
   * bad for it must be good for it now. Returns the row as it is then.
   */
  async want(
    row: PartitionRow,
    head: TipSet,
    fresh: readonly number[],
    again: readonly number[] = [],
  ): Promise<PartitionRow> {
    if (fresh.length === 0 && again.length === 0) return row
    const { policy } = this.network.require()
    const randomness =
      row.check_randomness ?? (await this.facts.challenge(row.challenge - policy.provingPeriod, head))
    const commitments = await this.facts.commitments(row, fresh, head)
    return await writing(this.db, async (trx) => {
      await this.vanilla.want(trx, rowIdOf(row), row.turn, commitments)
      await this.vanilla.wantAgain(trx, rowIdOf(row), row.turn, again)
      return await this.partitions.note(row, { check_randomness: randomness, wake_at: null }, trx)
    })
  }
}
