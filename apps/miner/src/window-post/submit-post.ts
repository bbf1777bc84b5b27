import { Injectable } from '@nestjs/common'
import {
  type Address,
  BitField,
  minerMethods,
  submitWindowedPostParams,
  windowPostProofFor,
} from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { attoFil, epoch } from '@sealane/fil-units'
import { Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { MinerDb } from '../database.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { messageLost } from '../sectors/message-lost.js'
import { Wallet } from '../wallet/wallet.js'
import { Collecting } from './collecting.js'
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { type Duty, PostFacts } from './post-facts.js'
import { WindowPostOptions } from './window-post-options.js'

/** A partition whose messages the chain keeps refusing is a bug or a foreign key: stop paying for it. */
const MAX_SUBMISSIONS = 6
/** Failed simulations before the proof is made anew. */
const MAX_SIMULATIONS = 3

/** Sends a proved partition's SubmitWindowedPoSt and follows it until the chain has accepted it. Does not make proofs. */
@Injectable()
export class SubmitPost {
  constructor(
    private readonly db: MinerDb,
    private readonly facts: PostFacts,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly messager: Messager,
    private readonly messages: MessageStore,
    private readonly partitions: PartitionStore,
    private readonly collecting: Collecting,
    private readonly alerts: Alerts,
    private readonly log: Log,
    private readonly options: WindowPostOptions,
  ) {}

  /** A row in Proved that nobody else has proven this period. Returns it, moved when it was sent. */
  async submit(row: PartitionRow, head: TipSet): Promise<PartitionRow> {
    const opens = row.open + this.options.submitConfidenceEpochs
    if (head.height < opens)
      return await this.partitions.note(row, {
        why: `waits for epoch ${opens}: the deadline opens at ${row.open}`,
      })
    if (row.submissions >= MAX_SUBMISSIONS) {
      this.alerts.raise(
        'message-failed',
        `${row.submissions} WindowPoSt messages of partition ${rowIdOf(row)} were refused: nothing more is sent`,
      )
      return await this.partitions.note(row, {
        why: `${row.submissions} messages were refused; see messages list`,
      })
    }
    const duty = await this.facts.duty(row, head)
    const changed = await this.changes(row, head, duty)
    if (changed !== undefined) return await this.#recollect(row, head, duty, 'randomnessChanged', changed)

    const miner = await this.actor.require()
    const { proof, randomness } = row
    if (proof === null || randomness === null)
      throw new TypeError(`partition ${rowIdOf(row)} is ${row.state} without a proof`)
    const chainCommitEpoch = epoch(row.challenge)
    const params = submitWindowedPostParams.encode({
      deadline: row.deadline,
      partitions: [{ index: row.partition, skipped: BitField.of(sectorsOf(row.skipped)) }],
      proofs: [{ postProof: windowPostProofFor(miner.sectorSize), proofBytes: proof }],
      chainCommitEpoch,
      chainCommitRand: await this.facts.chainCommitment(chainCommitEpoch, head),
    })
    const from = this.wallet.role('control-post').address
    const moved = await writing(this.db, async (trx) => {
      const message = await this.messager.request(trx, {
        requestId: `post-${rowIdOf(row)}-${row.submissions + 1}`,
        class: 'windowPost',
        from,
        to: row.miner as Address,
        value: attoFil(0n),
        method: minerMethods.SubmitWindowedPoSt,
        params,
        reason: `WindowPoSt of deadline ${row.deadline}, partition ${row.partition}`,
      })
      return await this.partitions.move(trx, row, 'submitted', {
        message_uuid: message.uuid,
        message_cid: message.cid,
        submissions: row.submissions + 1,
      })
    })
    this.messager.nudge()
    return moved
  }

  /** A row in Submitted whose message is not yet believed. Acceptance is decided by the caller. */
  async follow(row: PartitionRow, head: TipSet): Promise<PartitionRow> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message === undefined) return row
    const known = await this.partitions.note(row, {
      message_cid: message.cid,
      why: whyOf(message),
      failure: message.failure,
    })
    const lost = messageLost(message)
    if (lost === undefined) return await this.#unsent(known, message, head)
    if (head.height >= row.close) return known
    this.log.warn('WindowPoSt message lost', { row: rowIdOf(row), code: lost.code, text: lost.text })
    this.alerts.raise('message-failed', `WindowPoSt of partition ${rowIdOf(row)}: ${lost.text}`)
    const duty = await this.facts.duty(row, head)
    const changed = await this.changes(row, head, duty)
    if (changed !== undefined) return await this.#recollect(known, head, duty, 'refused', changed)
    return await writing(this.db, (trx) =>
      this.partitions.move(trx, known, 'lost', { why: lost.text, failure: JSON.stringify(lost) }),
    )
  }

  /** A message that has no nonce yet can be taken back when it would prove the wrong thing. */
  async #unsent(row: PartitionRow, message: StoredMessage, head: TipSet): Promise<PartitionRow> {
    if (
      (message.state !== 'Planned' && message.state !== 'Held') ||
      message.tries === 0 ||
      head.height >= row.close
    )
      return row
    const duty = await this.facts.duty(row, head)
    const changed = await this.changes(row, head, duty)
    const hopeless = simulationFailed(message) && message.tries >= MAX_SIMULATIONS
    const why = changed ?? (hopeless ? `the chain would refuse this proof: ${message.why ?? ''}` : undefined)
    if (why === undefined) return row
    if ((await this.facts.proven(row, head)) !== 'no')
      return await this.partitions.note(row, { why: 'the chain already has a proof of it' })
    if (!(await this.withdraw(row, why))) return row
    return await this.#recollect(row, head, duty, 'refused', why)
  }

  /** Takes back the row's message; false when it was signed already. */
  async withdraw(row: PartitionRow, reason: string): Promise<boolean> {
    if (row.message_uuid === null) return true
    return await this.messager.withdraw(
      row.message_uuid,
      new MinerError({ code: 'BAD_REQUEST', reason }, reason),
    )
  }

  /** Why the proof at hand is no longer the right one, undefined when it is. */
  async changes(row: PartitionRow, head: TipSet, duty: Duty): Promise<string | undefined> {
    const randomness = await this.facts.challenge(row.challenge, head)
    if (row.randomness === null || Buffer.compare(randomness, row.randomness) !== 0)
      return 'a reorg changed the challenge'
    if (JSON.stringify(duty.toProve) !== row.to_prove) return 'the sectors to prove have changed'
    return undefined
  }

  async #recollect(
    row: PartitionRow,
    head: TipSet,
    duty: Duty,
    event: 'randomnessChanged' | 'refused',
    why: string,
  ) {
    const [randomness, sectors] = await Promise.all([
      this.facts.challenge(row.challenge, head),
      this.facts.commitments(row, duty.toProve, head),
    ])
    this.log.warn('partition is read again', { row: rowIdOf(row), why })
    return await writing(this.db, (trx) =>
      this.collecting.begin(
        trx,
        row,
        event,
        head.height,
        { randomness, allSectors: duty.allSectors, sectors },
        why,
      ),
    )
  }

  /** For rows that are still being read or proven. */
  async recheck(row: PartitionRow, head: TipSet): Promise<PartitionRow> {
    const duty = await this.facts.duty(row, head)
    const changed = await this.changes(row, head, duty)
    return changed === undefined ? row : await this.#recollect(row, head, duty, 'randomnessChanged', changed)
  }
}

function whyOf(message: StoredMessage): string | null {
  if (message.why !== null) return message.why
  return message.state === 'Included'
    ? 'its message landed; waits until that is believed'
    : `its message is ${message.state}`
}

function simulationFailed(message: StoredMessage): boolean {
  const failure = message.failure === null ? undefined : (JSON.parse(message.failure) as { code?: string })
  return failure?.code === 'EXECUTION_FAILED'
}
