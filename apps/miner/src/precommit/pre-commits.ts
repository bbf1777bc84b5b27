import { Injectable } from '@nestjs/common'
import {
  base16,
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
import { Log, remedyOf } from '@sealane/host'
import { commD } from '@sealane/pieces'
import type { Failure, minerV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { z } from 'zod'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { MinerDb } from '../database.js'
import { EventStore } from '../events/event-store.js'
import type { StoredMessage } from '../messages/message-store.js'
import { Messager } from '../messages/messager.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { ProofCheck } from '../proofs/proof-check.js'
import { dealIdsOf, pieceFacts, pieceFactsSchema } from '../sectors/piece-facts.js'
import { provenSince } from '../sectors/proven-since.js'
import { SectorNumbers } from '../sectors/sector-numbers.js'
import { type SectorStep, SectorSteps, type StepMessage } from '../sectors/sector-step.js'
import { type StepAnswer, type StepRow, StepStore, stepRequest } from '../sectors/step-store.js'
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
  readonly #step: SectorStep

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly numbers: SectorNumbers,
    private readonly steps: StepStore,
    private readonly messager: Messager,
    private readonly events: EventStore,
    private readonly proofs: ProofCheck,
    private readonly log: Log,
    private readonly options: PreCommitOptions,
    frames: SectorSteps,
  ) {
    this.#step = frames.of({
      step: 'preCommit',
      room: 'precommit',
      title: 'PreCommit',
      keep: refuseOtherFacts,
      outdated: (row, message, head) => this.#outdated(row, message, head),
      doneOnChain: (sector, body, head) => this.#doneOnChain(sector, body, head),
      confirmed: (row, message, head) => this.#confirmed(row, message, head),
      landed: (head) => this.#drawSeeds(head),
    })
    this.watch.onHead((_head, step) => {
      const lowest = step.reverts.at(-1)?.height
      if (lowest !== undefined)
        void this.#unseed(lowest).catch((error: unknown) => this.log.warn('seeds not re-read yet', { error }))
    })
  }

  start(): void {
    this.#step.start()
  }
  stop(): Promise<void> {
    return this.#step.stop()
  }

  /** Plans the message of a sector's PreCommit, or answers what was recorded. Throws MinerError with the remedy when it must not be sent. */
  async submit(request: minerV1.SubmitPreCommitRequest): Promise<StepAnswer> {
    const body: Body = {
      commR: base16.encode(request.commR),
      commD: base16.encode(request.commD),
      committedCapacity: request.committedCapacity,
      ticketEpoch: request.ticketEpoch,
      ticket: base16.encode(request.ticket),
      pieces: request.pieces.map(pieceFacts),
      prover: request.prover,
    }
    const step = stepRequest(request.envelope, 'preCommit', body, dealIdsOf(body.pieces))
    return await this.#step.submit(step, () => this.#judge(step.sectorNumber, body))
  }

  /** The actor's checks, before any gas is spent. Source: builtin-actors miner/src/lib.rs:1216-1475. */
  async #judge(sector: number, body: Body): Promise<StepMessage> {
    const { policy } = this.network.require()
    const miner = await this.actor.require()
    const head = this.watch.requireHead()
    this.proofs.allowProver(body.prover)
    await this.numbers.requireOurs(sector)
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
    if (base16.encode(ticket) !== body.ticket) {
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
    if (base16.encode(wantedCommD) !== body.commD) {
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
    return {
      from: this.wallet.role('worker').address,
      to: miner.address,
      value,
      method: minerMethods.PreCommitSectorBatch2,
      params: preCommitSectorBatchParams2.encode({ sectors: [info] }),
    }
  }

  // ---- after sending ----------------------------------------------------------------------------------------------

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

  async #doneOnChain(sector: number, facts: string, head: TipSet): Promise<number | undefined> {
    const { commR, ticketEpoch } = bodySchema.parse(JSON.parse(facts))
    const { address } = await this.actor.require()
    const onChain = await this.chain.preCommitInfo(address, sector, head.key)
    if (onChain !== undefined) {
      const { sealedCid: sealed, sealRandEpoch } = onChain.info
      return base16.encode(commitmentOf(sealed)) === commR && sealRandEpoch === ticketEpoch
        ? onChain.preCommitEpoch
        : undefined
    }
    return await provenSince(this.chain, address, { sector, commR }, head)
  }

  async #confirmed(
    row: StepRow,
    message: StoredMessage | undefined,
    head: TipSet,
  ): Promise<string | undefined> {
    const { policy } = this.network.require()
    const miner = await this.actor.require()
    const onChain = await this.chain.preCommitInfo(miner.address, row.sector_number, head.key)
    const proven =
      onChain === undefined
        ? await this.chain.sectorInfo(miner.address, row.sector_number, head.key)
        : undefined
    if (onChain === undefined && proven === undefined)
      return `message ${message?.cid} landed, but the chain shows no PreCommit of sector ${row.sector_number}: is the node on a fork?`
    const preCommitEpoch =
      onChain?.preCommitEpoch ?? message?.included_epoch ?? proven?.activation ?? head.height
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
          messageCid: message?.cid ?? '',
          seedEpoch,
          turn: row.request_turn,
        },
      })
    })
    this.log.info('precommit landed', {
      sector: row.sector_number,
      epoch: preCommitEpoch,
      seedEpoch,
      cid: message?.cid,
    })
    this.#step.nudge()
    return undefined
  }

  async #drawSeeds(head: TipSet): Promise<void> {
    for (const row of await this.steps.inStage('preCommit', 'landed')) await this.#drawSeed(row, head)
  }

  async #drawSeed(row: StepRow, head: TipSet): Promise<void> {
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
}

/** A PreCommit with other facts cannot stand for the one asked for now. */
function refuseOtherFacts(older: StepRow, message: StoredMessage): void {
  throw new MinerError(
    { code: 'PRECOMMIT_DIFFERS', sector: older.sector_number, what: 'its facts' },
    `sector ${older.sector_number} already has a PreCommit message (${message.cid ?? message.uuid}, ${message.state}) with other facts`,
  )
}
