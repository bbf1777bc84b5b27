import { Injectable } from '@nestjs/common'
import { Log } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { MinerDb } from '../database.js'
import { EventStore } from '../events/event-store.js'
import type { StoredMessage } from '../messages/message-store.js'
import { type StepRow, StepStore } from './step-store.js'

/** Tells home what became of a step's message; the row and the event change in one transaction. */
@Injectable()
export class StepTeller {
  constructor(
    private readonly db: MinerDb,
    private readonly steps: StepStore,
    private readonly events: EventStore,
    private readonly log: Log,
  ) {}

  /** The message got a CID (again, after a replacement). Returns the row as it is now. */
  async sent(row: StepRow, message: StoredMessage, headEpoch: number): Promise<StepRow> {
    const messageCid = message.cid
    if (messageCid === null || messageCid === row.sent_cid) return row
    const { sector_number: sectorNumber, step, request_turn: turn } = row
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, { sent_cid: messageCid })
      const value = { sectorNumber, step, turn, messageCid, nonce: message.nonce ?? 0 }
      await this.events.append(trx, headEpoch, { $case: 'messageSent', value })
    })
    return { ...row, sent_cid: messageCid, turn: row.turn + 1 }
  }

  async lost(row: StepRow, failure: Failure, headEpoch: number): Promise<void> {
    const { sector_number: sectorNumber, step, request_turn: turn } = row
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, { stage: 'lost', why: failure.text })
      await this.events.append(trx, headEpoch, {
        $case: 'stepLost',
        value: { sectorNumber, step, turn, refusal: failure },
      })
    })
    this.log.error('step lost', { sector: sectorNumber, step, ...failure })
  }

  /** A reorg took a landed message back: it is pushed again, and will be told as landed again. */
  async reverted(row: StepRow, headEpoch: number): Promise<void> {
    const { sector_number: sectorNumber, step } = row
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, {
        stage: 'sending',
        landed_epoch: null,
        seed_epoch: null,
        seed: null,
        why: 'a reorg took the message back',
      })
      await this.events.append(trx, headEpoch, { $case: 'stepReverted', value: { sectorNumber, step } })
    })
    this.log.warn('step reverted', { sector: sectorNumber, step })
  }

  /** Keeps what the message waits for where the operator looks. */
  async why(row: StepRow, why: string | null): Promise<void> {
    if (row.why === why) return
    await writing(this.db, (trx) => this.steps.save(trx, row, { why }))
  }
}
