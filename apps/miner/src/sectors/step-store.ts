import { createHash } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import type { minerV1 } from '@sealane/proto'
import { compareAndSet } from '@sealane/sql'
import type { Selectable } from 'kysely'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction, type SectorStepTable } from '../database.js'
import { MinerError } from '../miner-error.js'
import { Settings } from '../network/settings.js'

/** The two messages of a sector's life. */
export type Step = 'preCommit' | 'proveCommit'
/** sending: its message is not settled · landed: believed · seeded: its seed was told (preCommit only) · lost: told as lost. */
export type Stage = 'sending' | 'landed' | 'seeded' | 'lost'
export type StepRow = Selectable<SectorStepTable>

/** What was answered to a request of a step, to be answered again. */
export interface StepAnswer {
  readonly messageUuid: string
  readonly recorded?: { readonly turn: number; readonly requestId: string } | undefined
}

export interface StepRequest {
  readonly sectorNumber: number
  readonly step: Step
  readonly requestId: string
  readonly turn: number
  readonly coordinatorEpoch: number
  /** The request's facts as JSON, kept for the message's owner and for comparing repeats. */
  readonly body: string
  readonly dealIds: readonly number[]
}

/** Checks the envelope: a coordinator that has been replaced is told so, and stops. */
export function stepRequest(
  envelope: minerV1.Envelope | undefined,
  step: Step,
  body: unknown,
  dealIds: readonly number[],
): StepRequest {
  if (envelope === undefined || envelope.requestId === '') {
    throw new MinerError({ code: 'BAD_REQUEST', reason: 'the request has no envelope' })
  }
  if (envelope.step !== step) {
    throw new MinerError({
      code: 'BAD_REQUEST',
      reason: `the envelope is for ${envelope.step}, the call for ${step}`,
    })
  }
  const { requestId, sectorNumber, turn, coordinatorEpoch } = envelope
  return { requestId, sectorNumber, turn, coordinatorEpoch, step, body: JSON.stringify(body), dealIds }
}

/** Rows of what the sealer asked the miner to put on chain, one per sector and step. */
@Injectable()
export class StepStore {
  constructor(
    private readonly db: MinerDb,
    private readonly settings: Settings,
    private readonly clock: Clock,
  ) {}

  async find(sectorNumber: number, step: Step): Promise<StepRow | undefined> {
    return await this.db
      .selectFrom('sector_steps')
      .selectAll()
      .where('sector_number', '=', sectorNumber)
      .where('step', '=', step)
      .executeTakeFirst()
  }

  /**
   * The recorded answer of this request or of a newer one; undefined when the request is new and must be judged.
   * Throws MinerError STALE_COORDINATOR for a coordinator older than one already heard.
   */
  async recorded(request: StepRequest): Promise<StepAnswer | undefined> {
    await this.#fence(request.coordinatorEpoch)
    const row = await this.find(request.sectorNumber, request.step)
    if (row === undefined || row.request_turn < request.turn) return undefined
    const answer = JSON.parse(row.answer) as StepAnswer
    if (row.request_turn === request.turn && row.request_id === request.requestId) return answer
    return { ...answer, recorded: { turn: row.request_turn, requestId: row.request_id } }
  }

  /**
   * Records a judged request with its message, in the transaction that planned the message. `null`: the chain shows its work done by a
   * message that is not in this database.
   */
  async record(trx: MinerTransaction, request: StepRequest, messageUuid: string | null): Promise<StepAnswer> {
    const answer: StepAnswer = { messageUuid: messageUuid ?? '' }
    const facts = {
      request_id: request.requestId,
      request_turn: request.turn,
      coordinator_epoch: request.coordinatorEpoch,
      request_digest: digestOf(request.body),
      request: request.body,
      answer: JSON.stringify(answer),
      stage: 'sending',
      message_uuid: messageUuid,
      sent_cid: null,
      landed_epoch: null,
      seed_epoch: null,
      seed: null,
      deals: JSON.stringify(request.dealIds),
      why: null,
      wake_at: null,
      at_ms: this.clock.now(),
    }
    const known = await trx
      .selectFrom('sector_steps')
      .select(['turn'])
      .where('sector_number', '=', request.sectorNumber)
      .where('step', '=', request.step)
      .executeTakeFirst()
    if (known === undefined) {
      await trx
        .insertInto('sector_steps')
        .values({ sector_number: request.sectorNumber, step: request.step, turn: 0, ...facts })
        .execute()
    } else {
      await compareAndSet(
        trx,
        'sector_steps',
        { sector_number: request.sectorNumber, step: request.step },
        known.turn,
        facts,
      )
    }
    return answer
  }

  /**
   * A new turn that asks for the very same thing while the message of the older one lives: it adopts that message, and is told again
   * whatever was told about it.
   */
  async adopt(trx: MinerTransaction, row: StepRow, request: StepRequest): Promise<StepAnswer> {
    await this.save(trx, row, {
      request_id: request.requestId,
      request_turn: request.turn,
      coordinator_epoch: request.coordinatorEpoch,
      stage: 'sending',
      sent_cid: null,
    })
    return JSON.parse(row.answer) as StepAnswer
  }

  sameBody(row: StepRow, request: StepRequest): boolean {
    return row.request_digest === digestOf(request.body)
  }

  async save(
    trx: MinerTransaction,
    row: StepRow,
    changes: Partial<SectorStepTable> & { stage?: Stage },
  ): Promise<void> {
    await compareAndSet(
      trx,
      'sector_steps',
      { sector_number: row.sector_number, step: row.step },
      row.turn,
      changes,
    )
  }

  async inStage(step: Step, stage: Stage, limit = 2_000): Promise<StepRow[]> {
    return await this.db
      .selectFrom('sector_steps')
      .selectAll()
      .where('step', '=', step)
      .where('stage', '=', stage)
      .orderBy('sector_number')
      .limit(limit)
      .execute()
  }

  /** Steps told as landed whose message is not settled any more: a reorg took it back. */
  async reverted(step: Step): Promise<StepRow[]> {
    return await this.db
      .selectFrom('messages')
      .innerJoin('sector_steps', 'sector_steps.message_uuid', 'messages.uuid')
      .selectAll('sector_steps')
      .where('messages.settled', '=', 0)
      .where('sector_steps.step', '=', step)
      .where('sector_steps.stage', 'in', ['landed', 'seeded'])
      .execute()
  }

  /** Told seeds whose epoch a reorg to below `height` may have changed. */
  async seededFrom(height: number): Promise<StepRow[]> {
    return await this.db
      .selectFrom('sector_steps')
      .selectAll()
      .where('step', '=', 'preCommit')
      .where('stage', '=', 'seeded')
      .where('seed_epoch', '>=', height)
      .execute()
  }

  async #fence(coordinatorEpoch: number): Promise<void> {
    const newest = Number((await this.settings.get('coordinatorEpoch')) ?? '0')
    if (coordinatorEpoch < newest) {
      throw new MinerError(
        { code: 'STALE_COORDINATOR', epoch: coordinatorEpoch, newest },
        `a coordinator with epoch ${newest} has taken over from epoch ${coordinatorEpoch}: this sealer must stop`,
      )
    }
    if (coordinatorEpoch > newest)
      await this.settings.set(this.db, 'coordinatorEpoch', String(coordinatorEpoch))
  }
}

function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}
