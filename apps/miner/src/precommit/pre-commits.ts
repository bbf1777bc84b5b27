import { Injectable } from '@nestjs/common'
import {
  commitmentOf,
  minerMethods,
  parseCid,
  pieceCid,
  preCommitSectorBatchParams2,
  randomnessTags,
  type SectorPreCommitInfo,
  sealedCid,
  sealProofFor,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { epoch, paddedSize } from '@sealane/fil-units'
import { Health, Log, remedyOf } from '@sealane/host'
import { commD } from '@sealane/pieces'
import type { Failure, minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { z } from 'zod'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb } from '../database.js'
import { EventStore } from '../events/event-store.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MessageStore, type StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { ProofCheck } from '../proofs/proof-check.js'
import { messageLost } from '../sectors/message-lost.js'
import { dealIdsOf, pieceFacts, pieceFactsSchema } from '../sectors/piece-facts.js'
import { SectorNumbers } from '../sectors/sector-numbers.js'
import { type StepAnswer, type StepRow, StepStore, stepRequest } from '../sectors/step-store.js'
import { StepTeller } from '../sectors/step-teller.js'
import { Wallet } from '../wallet/wallet.js'
import { sectorExpiration } from './expiration.js'

export class PreCommitOptions {
  /** Life of a sector without deals, epochs. */
  ccLifetimeEpochs = 540 * 2880
}

/** A ticket must have this many epochs left, so that the message can still land. */
const TICKET_SLACK_EPOCHS = 30

const bodySchema = z.object({
  commR: z.string(),
  commD: z.string(),
  committedCapacity: z.boolean(),
  ticketEpoch: z.int(),
  ticket: z.string(),
  pieces: z.array(pieceFactsSchema),
  prover: z.string(),
})
type Body = z.infer<typeof bodySchema>

/**
 * A sector's PreCommitSectorBatch2: judged with the actor's own rules before it is sent, told when it landed at confidence, and
 * followed until its seed is known. Does not seal and does not decide what comes next.
 */
@Injectable()
export class PreCommits {
  readonly #loop: RoomLoop

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly numbers: SectorNumbers,
    private readonly steps: StepStore,
    private readonly teller: StepTeller,
    private readonly messages: MessageStore,
    private readonly messager: Messager,
    private readonly events: EventStore,
    private readonly proofs: ProofCheck,
    private readonly log: Log,
    health: Health,
    private readonly options: PreCommitOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'precommit',
      log,
      health: health.room('precommit'),
      everyMs: 2_000,
      round: () => this.round(),
    })
    this.watch.onHead((_head, step) => {
      const lowest = step.reverts.at(-1)?.height
      if (lowest !== undefined)
        void this.#unseed(lowest).catch((error: unknown) => this.log.warn('seeds not re-read yet', { error }))
      this.#loop.nudge()
    })
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Plans the message of a sector's PreCommit, or answers what was recorded. Throws MinerError with the remedy when it must not be sent. */
  async submit(request: minerV1.SubmitPreCommitRequest): Promise<StepAnswer> {
    const body: Body = {
      commR: hex(request.commR),
      commD: hex(request.commD),
      committedCapacity: request.committedCapacity,
      ticketEpoch: request.ticketEpoch,
      ticket: hex(request.ticket),
      pieces: request.pieces.map(pieceFacts),
      prover: request.prover,
    }
    const step = stepRequest(request.envelope, 'preCommit', body, dealIdsOf(body.pieces))
    const recorded = await this.steps.recorded(step)
    if (recorded !== undefined) return recorded

    const older = await this.steps.find(step.sectorNumber, 'preCommit')
    if (older !== undefined && older.stage !== 'lost') {
      const message = older.message_uuid === null ? undefined : await this.messages.byUuid(older.message_uuid)
      if (this.steps.sameBody(older, step) && message !== undefined && messageLost(message) === undefined) {
        const answer = await writing(this.db, (trx) => this.steps.adopt(trx, older, step))
        this.#loop.nudge()
        return answer
      }
      await this.#superseded(older, message)
    }
    const { info, value, from, to } = await this.#judge(step.sectorNumber, body)
    const answer = await writing(this.db, async (trx) => {
      const message = await this.messager.request(trx, {
        requestId: step.requestId,
        class: 'preCommit',
        from,
        to,
        value,
        method: minerMethods.PreCommitSectorBatch2,
        params: preCommitSectorBatchParams2.encode({ sectors: [info] }),
        reason: `PreCommit of sector ${step.sectorNumber}`,
      })
      return await this.steps.record(trx, step, message.uuid)
    })
    this.messager.nudge()
    this.#loop.nudge()
    return answer
  }

  /** A newer turn wants something else: only possible while the older message has no nonce. */
  async #superseded(older: StepRow, message: StoredMessage | undefined): Promise<void> {
    if (message === undefined || messageLost(message) !== undefined) return
    const because = new MinerError({
      code: 'BAD_REQUEST',
      reason: 'a newer turn of the sector replaced this request',
    })
    if (await this.messager.withdraw(message.uuid, because)) return
    throw new MinerError(
      { code: 'PRECOMMIT_DIFFERS', sector: older.sector_number, what: 'its facts' },
      `sector ${older.sector_number} already has a PreCommit message (${message.cid ?? message.uuid}, ${message.state}) with other facts`,
    )
  }

  /** The actor's checks, before any gas is spent. Source: builtin-actors miner/src/lib.rs:1216-1475. */
  async #judge(sector: number, body: Body) {
    const { policy } = this.network.require()
    const miner = await this.actor.require()
    const head = this.#head()
    this.proofs.allowProver(body.prover)
    if (!(await this.numbers.isOurs(sector))) {
      throw new MinerError(
        { code: 'NUMBER_NOT_OURS', sector },
        `sector number ${sector} was not allocated here: ask AllocateSectorNumbers`,
      )
    }
    if (head.height > body.ticketEpoch + policy.maxPreCommitRandomnessLookback - TICKET_SLACK_EPOCHS) {
      throw new MinerError(
        { code: 'TICKET_EXPIRED', sector, ticketEpoch: body.ticketEpoch, headEpoch: head.height },
        `the ticket of sector ${sector} (epoch ${body.ticketEpoch}) is too old at epoch ${head.height}: draw a new one and redo PreCommit1`,
      )
    }
    const ticketEpoch = epoch(body.ticketEpoch)
    const ticket = await this.chain.ticketRandomness(
      randomnessTags.SealRandomness,
      ticketEpoch,
      miner.entropy,
      head.key,
    )
    if (hex(ticket) !== body.ticket) {
      throw new MinerError(
        { code: 'TICKET_CHANGED', sector, ticketEpoch: body.ticketEpoch },
        `the chain's ticket at epoch ${body.ticketEpoch} is not the one sector ${sector} was sealed with`,
      )
    }
    const wantedCommD = commD(
      body.committedCapacity
        ? []
        : body.pieces.map((piece) => ({
            commP: commitmentOf(parseCid(piece.pieceCid)),
            paddedSize: paddedSize(BigInt(piece.paddedSize)),
          })),
      paddedSize(miner.sectorSize),
    )
    if (hex(wantedCommD) !== body.commD) {
      throw new MinerError(
        { code: 'COMM_D_WRONG', sector },
        `CommD of sector ${sector} is not that of its pieces`,
      )
    }
    for (const piece of body.pieces) {
      if (piece.dealId === null || head.height < piece.startEpoch) continue
      throw new MinerError(
        {
          code: 'DEAL_EXPIRED',
          sector,
          dealId: piece.dealId,
          startEpoch: piece.startEpoch,
          headEpoch: head.height,
        },
        `deal ${piece.dealId} of sector ${sector} had to be active by epoch ${piece.startEpoch}, it is ${head.height}`,
      )
    }
    const expiration = sectorExpiration(policy, {
      sector,
      ticketEpoch: body.ticketEpoch,
      headEpoch: head.height,
      dealEnds: body.pieces.filter(({ dealId }) => dealId !== null).map(({ endEpoch }) => endEpoch),
      ccLifetimeEpochs: this.options.ccLifetimeEpochs,
    })
    const info: SectorPreCommitInfo = {
      sealProof: sealProofFor(miner.sectorSize),
      sectorNumber: sector,
      sealedCid: sealedCid(Buffer.from(body.commR, 'hex')),
      sealRandEpoch: ticketEpoch,
      // Deals are activated by ProveCommitSectors3's notifications; a PreCommit that lists them could never be proven.
      dealIds: [],
      expiration,
      unsealedCid: body.committedCapacity ? null : pieceCid(Buffer.from(body.commD, 'hex')),
    }
    // The API's deposit has lotus' 10 % on top. Source: lotus node/impl/full/state.go StateMinerPreCommitDepositForPower.
    const value = await this.chain.preCommitDeposit(
      miner.address,
      { ...info, unsealedCid: info.unsealedCid ?? undefined },
      head.key,
    )
    return { info, value, from: this.wallet.role('worker').address, to: miner.address }
  }

  // ---- after sending ----------------------------------------------------------------------------------------------

  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined || (await this.actor.find()) === undefined) return
    for (const row of await this.steps.reverted('preCommit')) await this.teller.reverted(row, head.height)
    for (const row of await this.steps.inStage('preCommit', 'sending')) await this.#sending(row, head)
    for (const row of await this.steps.inStage('preCommit', 'landed')) await this.#landed(row, head)
  }

  async #sending(row: StepRow, head: TipSet): Promise<void> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message === undefined) return
    const lost = messageLost(message) ?? (await this.#outdated(row, message, head))
    if (lost !== undefined) {
      await this.teller.lost(row, lost, head.height)
      return
    }
    const current = await this.teller.sent(row, message, head.height)
    if (message.state === 'Confirmed') await this.#confirmed(current, message, head)
    else await this.teller.why(current, message.why)
  }

  /** A message that still has no nonce is of no use once its ticket is too old. */
  async #outdated(row: StepRow, message: StoredMessage, head: TipSet): Promise<Failure | undefined> {
    if (message.state !== 'Planned' && message.state !== 'Held') return undefined
    const { policy } = this.network.require()
    const { ticketEpoch } = bodySchema.parse(JSON.parse(row.request))
    if (head.height <= ticketEpoch + policy.maxPreCommitRandomnessLookback - TICKET_SLACK_EPOCHS)
      return undefined
    const error = new MinerError(
      { code: 'TICKET_EXPIRED', sector: row.sector_number, ticketEpoch, headEpoch: head.height },
      `the ticket of sector ${row.sector_number} grew too old while its PreCommit waited: ${message.why ?? 'not sent'}`,
    )
    if (!(await this.messager.withdraw(message.uuid, error))) return undefined
    return { code: error.code, remedy: remedyOf(error), text: error.message }
  }

  async #confirmed(row: StepRow, message: StoredMessage, head: TipSet): Promise<void> {
    const { policy } = this.network.require()
    const miner = await this.actor.require()
    const onChain = await this.chain.preCommitInfo(miner.address, row.sector_number, head.key)
    const proven =
      onChain === undefined
        ? await this.chain.sectorInfo(miner.address, row.sector_number, head.key)
        : undefined
    if (onChain === undefined && proven === undefined) {
      const why = `message ${message.cid} landed, but the chain shows no PreCommit of sector ${row.sector_number}: is the node on a fork?`
      await this.teller.why(row, why)
      return
    }
    const preCommitEpoch = onChain?.preCommitEpoch ?? message.included_epoch ?? head.height
    const seedEpoch = preCommitEpoch + policy.preCommitChallengeDelay
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, {
        stage: 'landed',
        landed_epoch: preCommitEpoch,
        seed_epoch: seedEpoch,
        why: null,
      })
      await this.events.append(trx, preCommitEpoch, {
        $case: 'preCommitLanded',
        value: {
          sectorNumber: row.sector_number,
          preCommitEpoch,
          messageCid: message.cid ?? '',
          seedEpoch,
          turn: row.request_turn,
        },
      })
    })
    this.log.info('precommit landed', {
      sector: row.sector_number,
      epoch: preCommitEpoch,
      seedEpoch,
      cid: message.cid,
    })
    this.#loop.nudge()
  }

  async #landed(row: StepRow, head: TipSet): Promise<void> {
    const { policy } = this.network.require()
    const { seed_epoch: seedEpoch, landed_epoch: preCommitEpoch } = row
    if (seedEpoch === null || preCommitEpoch === null || head.height < seedEpoch + policy.seedConfidence)
      return
    const { entropy } = await this.actor.require()
    const seed = await this.chain.beaconRandomness(
      randomnessTags.InteractiveSealChallengeSeed,
      epoch(seedEpoch),
      entropy,
      head.key,
    )
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, { stage: 'seeded', seed })
      await this.events.append(trx, seedEpoch, {
        $case: 'seedReady',
        value: { sectorNumber: row.sector_number, seedEpoch, seed, preCommitEpoch },
      })
    })
    this.log.info('seed drawn', { sector: row.sector_number, epoch: seedEpoch })
  }

  /** A reorg below a told seed: it is drawn anew at confidence, and told again. */
  async #unseed(lowest: number): Promise<void> {
    for (const row of await this.steps.seededFrom(lowest)) {
      await writing(this.db, (trx) => this.steps.save(trx, row, { stage: 'landed', seed: null }))
    }
  }

  #head(): TipSet {
    if (this.watch.head === undefined)
      throw new MinerError({ code: 'NETWORK_UNKNOWN' }, 'the chain node has not answered yet')
    return this.watch.head
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
