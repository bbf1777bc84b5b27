import { Injectable } from '@nestjs/common'
import { type Address, deadlineInfo, nextNotElapsed } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import type { PartitionEvent } from '@sealane/lifecycle'
import { writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { MinerDb } from '../database.js'
import { MessageStore } from '../messages/message-store.js'
import { Network } from '../network/network.js'
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { PostFacts } from './post-facts.js'
import { SectorHealth } from './sector-health.js'
import { SubmitPost } from './submit-post.js'

/** While reading, the chain is asked this often whether somebody else has proven the partition. Unit: epochs. */
const ELSEWHERE_EVERY_EPOCHS = 10

/** What the chain says of a partition's duty: proven (by us or by somebody else), taken back by a reorg, or closed unproven. */
@Injectable()
export class PostVerdict {
  /** Closed rows whose next duty is a row already. */
  readonly #planned = new Set<string>()

  constructor(
    private readonly db: MinerDb,
    private readonly network: Network,
    private readonly messages: MessageStore,
    private readonly partitions: PartitionStore,
    private readonly facts: PostFacts,
    private readonly posts: SubmitPost,
    private readonly sectorHealth: SectorHealth,
    private readonly alerts: Alerts,
    private readonly log: Log,
  ) {}

  /** A proof that this database knows nothing of (a restored backup, a second miner): nothing is sent twice. */
  async provenElsewhere(row: PartitionRow, head: TipSet, look: boolean): Promise<boolean> {
    if (head.height <= row.open || (!look && head.height % ELSEWHERE_EVERY_EPOCHS !== 0)) return false
    const proven = await this.facts.proven(row, head)
    if (proven === 'no') return false
    if (proven === 'seen') {
      await this.partitions.note(row, {
        why: 'the chain already has a proof of it; waits until that is believed',
      })
      return true
    }
    await this.#acceptUnknown(row, head)
    return true
  }

  /** The chain shows a proof of this period that is no message of ours: what it covers is read from the chain too. */
  async #acceptUnknown(row: PartitionRow, head: TipSet): Promise<void> {
    const at = await this.facts.before(row.close, head)
    const { toProve } = await this.facts.duty(row, at)
    await this.accept(row, { messageCid: '', epoch: at.height, covered: toProve })
  }

  /** Accepts a proof: ours by its message, another's with the sectors that the chain says it covers. Sectors first proven by it are told home. */
  async accept(
    row: PartitionRow,
    o: { messageCid: string; epoch: number; covered?: readonly number[] },
  ): Promise<void> {
    const skipped = new Set(sectorsOf(row.skipped))
    const covered = o.covered ?? sectorsOf(row.to_prove).filter((sector) => !skipped.has(sector))
    await writing(this.db, async (trx) => {
      await this.partitions.move(trx, row, 'accepted', {
        message_cid: o.messageCid === '' ? row.message_cid : o.messageCid,
        proven_epoch: o.epoch,
      })
      await this.sectorHealth.proven(trx, { sectors: covered, messageCid: o.messageCid, epoch: o.epoch })
    })
    this.sectorHealth.doubt()
    this.log.info('partition proven', {
      row: rowIdOf(row),
      sectors: covered.length,
      skipped: skipped.size,
      cid: o.messageCid,
      epoch: o.epoch,
    })
  }

  /** Moves an accepted row back when a reorg took its message. */
  async stillAccepted(row: PartitionRow): Promise<void> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message === undefined || message.cid !== row.message_cid || message.settled === 1) return
    this.log.warn('accepted proof reverted', { row: rowIdOf(row), cid: message.cid })
    await writing(this.db, (trx) =>
      this.partitions.move(trx, row, 'reverted', {
        proven_epoch: null,
        why: 'a reorg took its message back',
      }),
    )
  }

  /** The deadline is over. True while the row's message is on chain and has to be followed on; else the row is settled, or kept in sight. */
  async closed(row: PartitionRow, head: TipSet): Promise<boolean> {
    await this.#planNext(row, head)
    // Kept in sight for one more window: a reorg may take a proof back, or bring one.
    const past = head.height >= row.close + (row.close - row.open)
    switch (row.state) {
      case 'Accepted':
        await this.stillAccepted(row)
        if (past) await this.partitions.note(row, { done: 1 })
        return false
      case 'Idle':
        if (past) await this.partitions.note(row, { done: 1 })
        return false
      case 'Missed': {
        // Believed late: a reorg may have brought a proof back in.
        const proven = await this.facts.proven(row, head)
        const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
        if (message?.state === 'Confirmed') {
          await this.accept(row, {
            messageCid: message.cid ?? '',
            epoch: message.included_epoch ?? row.close - 1,
          })
        } else if (proven !== 'no') await this.#acceptUnknown(row, head)
        else if (past) await this.partitions.note(row, { done: 1 })
        return false
      }
      case 'Submitted': {
        const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
        const isIn = message?.state === 'Confirmed' || message?.state === 'Included'
        if (isIn && message.exit_code === 0) return true
        await this.posts.withdraw(row, 'its deadline has closed')
        await this.#missed(row, head, message?.why ?? `its message was ${message?.state ?? 'lost'}`)
        return false
      }
      default: {
        const unseen = row.state === 'Waiting' ? 'this app did not see its deadline' : `it was ${row.state}`
        if ((await this.facts.proven(row, head)) !== 'no') await this.#acceptUnknown(row, head)
        else await this.#missed(row, head, row.why ?? unseen)
        return false
      }
    }
  }

  async #missed(row: PartitionRow, head: TipSet, why: string): Promise<void> {
    const idle = row.state === 'Waiting' && (await this.#hadNothingToProve(row, head))
    const event: PartitionEvent = idle ? 'nothingToProve' : 'closed'
    await writing(this.db, (trx) =>
      this.partitions.move(trx, row, event, { why: idle ? 'nothing to prove' : why }),
    )
    this.sectorHealth.doubt()
    if (idle) return
    const text = `WindowPoSt missed: deadline ${row.deadline}, partition ${row.partition} (${sectorsOf(row.all_sectors).length} sectors) closed at epoch ${row.close} unproven: ${why}`
    this.log.error('WindowPoSt missed', { row: rowIdOf(row), close: row.close, why })
    this.alerts.raise('post-missed', text)
  }

  async #hadNothingToProve(row: PartitionRow, head: TipSet): Promise<boolean> {
    const at = await this.facts.before(row.close, head)
    return (await this.facts.duty(row, at)).toProve.length === 0
  }

  /** Its next duty becomes a row as soon as it closes, so that nothing passes unseen while this app is down. */
  async #planNext(row: PartitionRow, head: TipSet): Promise<void> {
    if (this.#planned.has(rowIdOf(row))) return
    const { policy } = this.network.require()
    const { allSectors } = await this.facts.duty(row, head)
    const at = deadlineInfo(policy, epoch(row.period_start), row.deadline, head.height)
    const next = { miner: row.miner as Address, info: nextNotElapsed(policy, at), partition: row.partition }
    if (allSectors.length > 0) await this.partitions.plan({ ...next, allSectors })
    if (this.#planned.size > 10_000) this.#planned.clear()
    this.#planned.add(rowIdOf(row))
  }
}
