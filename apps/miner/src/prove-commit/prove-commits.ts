import { Injectable } from '@nestjs/common'
import {
  base16,
  type Cid,
  commitmentOf,
  dealIdPayload,
  marketActor,
  minerMethods,
  parseCid,
  proveCommitSectors3Params,
  randomnessTags,
} from '@sealane/actors'
import { ChainPort, type PreCommitOnChainInfo, type TipSet } from '@sealane/chain'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
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
import { dealIdsOf, type PieceFacts, pieceFacts, pieceFactsSchema } from '../sectors/piece-facts.js'
import { provenSince } from '../sectors/proven-since.js'
import { type SectorStep, SectorSteps, type StepMessage } from '../sectors/sector-step.js'
import { type StepAnswer, type StepRow, StepStore, stepRequest } from '../sectors/step-store.js'
import { Wallet } from '../wallet/wallet.js'

/** A deal whose start is nearer than this may pass while the message travels: it is not required to activate. */
const DEAL_START_SLACK_EPOCHS = 10

const bodySchema = z.object({
  proof: z.string(),
  commR: z.string(),
  commD: z.string(),
  ticket: z.string(),
  seed: z.string(),
  seedEpoch: z.int(),
  pieces: z.array(pieceFactsSchema),
  prover: z.string(),
})
type Body = z.infer<typeof bodySchema>

/**
 * A sector's ProveCommitSectors3: every fact is compared with the chain and the proof verified here before it is sent (a bad proof
 * never leaves), and told with the chain's own word on each deal once it landed at confidence.
 */
@Injectable()
export class ProveCommits {
  readonly #step: SectorStep

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly wallet: Wallet,
    private readonly steps: StepStore,
    private readonly messager: Messager,
    private readonly events: EventStore,
    private readonly proofs: ProofCheck,
    private readonly log: Log,
    frames: SectorSteps,
  ) {
    this.#step = frames.of({
      step: 'proveCommit',
      room: 'prove-commit',
      title: 'ProveCommit',
      // No `keep`: any proof of the same sector that is under way does the work of a newer one.
      outdated: (row, message, head) => this.#outdated(row, message, head),
      doneOnChain: (sector, body, head) => this.#doneOnChain(sector, body, head),
      confirmed: (row, message, head) => this.#confirmed(row, message, head),
    })
  }

  start(): void {
    this.#step.start()
  }
  stop(): Promise<void> {
    return this.#step.stop()
  }

  /** Plans the message of a sector's ProveCommit, or answers what was recorded. Throws MinerError with the remedy when it must not be sent. */
  async submit(request: minerV1.SubmitProveCommitRequest): Promise<StepAnswer> {
    const body: Body = {
      proof: base16.encode(request.proof),
      commR: base16.encode(request.commR),
      commD: base16.encode(request.commD),
      ticket: base16.encode(request.ticket),
      seed: base16.encode(request.seed),
      seedEpoch: request.seedEpoch,
      pieces: request.pieces.map(pieceFacts),
      prover: request.prover,
    }
    const step = stepRequest(request.envelope, 'proveCommit', body, dealIdsOf(body.pieces))
    return await this.#step.submit(step, () => this.#judge(step.sectorNumber, body, request))
  }

  /** Compares with the chain what the proof claims, verifies it, and prices the message. Source: builtin-actors miner/src/lib.rs:1477-1665. */
  async #judge(sector: number, body: Body, request: minerV1.SubmitProveCommitRequest): Promise<StepMessage> {
    const { policy } = this.network.require()
    const miner = await this.actor.require()
    const head = this.watch.requireHead()
    this.proofs.allowProver(body.prover)
    const onChain = await this.chain.preCommitInfo(miner.address, sector, head.key)
    if (onChain === undefined) {
      throw new MinerError(
        { code: 'NO_PRECOMMIT', sector },
        `the chain shows no PreCommit of sector ${sector} at epoch ${head.height}`,
      )
    }
    const seedEpoch = onChain.preCommitEpoch + policy.preCommitChallengeDelay
    if (head.height <= seedEpoch) {
      throw new MinerError(
        { code: 'TOO_EARLY', sector, seedEpoch, headEpoch: head.height },
        `sector ${sector} can be proven after epoch ${seedEpoch}, it is ${head.height}`,
      )
    }
    const expired = this.#expired(sector, onChain, head)
    if (expired !== undefined) throw expired
    await this.#compare(sector, body, onChain, seedEpoch, head)
    const verifier = await this.proofs.verifier()
    const valid = await verifier.verifySeal({
      sector: { minerId: miner.id, sectorNumber: sector, sectorSize: miner.sectorSize },
      commR: request.commR,
      commD: request.commD,
      ticket: request.ticket,
      seed: request.seed,
      proof: request.proof,
    })
    if (!valid) {
      this.log.error('a PoRep proof that does not verify was kept here', { sector, prover: body.prover })
      throw new MinerError(
        { code: 'PROOF_INVALID', sector, prover: body.prover },
        `the proof of sector ${sector} does not verify: it was not sent; run Commit1 and Commit2 again`,
      )
    }
    const durationEpochs = onChain.info.expiration - head.height
    const pledge = await this.chain.initialPledge(
      { durationEpochs, sectorSize: miner.sectorSize, verifiedBytes: 0n },
      head.key,
    )
    const missing = pledge - onChain.preCommitDeposit
    const params = proveCommitSectors3Params.encode({
      sectorActivations: [{ sectorNumber: sector, pieces: body.pieces.map(activation) }],
      sectorProofs: [request.proof],
      aggregateProof: new Uint8Array(),
      aggregateProofType: null,
      requireActivationSuccess: true,
      requireNotificationSuccess: await this.#allActivatable(body.pieces, head),
    })
    return {
      from: this.wallet.role('worker').address,
      to: miner.address,
      value: attoFil(missing > 0n ? missing : 0n),
      method: minerMethods.ProveCommitSectors3,
      params,
    }
  }

  async #compare(
    sector: number,
    body: Body,
    onChain: PreCommitOnChainInfo,
    seedEpoch: number,
    head: TipSet,
  ): Promise<void> {
    const { entropy, sectorSize } = await this.actor.require()
    const differs = (what: string) =>
      new MinerError(
        { code: 'PRECOMMIT_DIFFERS', sector, what },
        `${what} of sector ${sector} is not what its PreCommit on chain says`,
      )
    if (base16.encode(commitmentOf(onChain.info.sealedCid)) !== body.commR) throw differs('CommR')
    const { unsealedCid } = onChain.info
    const pieces = body.pieces.map((piece) => ({
      commP: commitmentOf(parseCid(piece.pieceCid)),
      paddedSize: paddedSize(BigInt(piece.paddedSize)),
    }))
    const ofPieces = base16.encode(commD(pieces, paddedSize(sectorSize)))
    if (unsealedCid !== undefined && base16.encode(commitmentOf(unsealedCid)) !== body.commD)
      throw differs('CommD')
    if (ofPieces !== body.commD)
      throw new MinerError(
        { code: 'COMM_D_WRONG', sector },
        `CommD of sector ${sector} is not that of its pieces`,
      )
    const ticket = await this.chain.ticketRandomness(
      randomnessTags.SealRandomness,
      onChain.info.sealRandEpoch,
      entropy,
      head.key,
    )
    if (base16.encode(ticket) !== body.ticket) throw differs('the ticket')
    const seed = await this.chain.beaconRandomness(
      randomnessTags.InteractiveSealChallengeSeed,
      epoch(seedEpoch),
      entropy,
      head.key,
    )
    if (body.seedEpoch !== seedEpoch || base16.encode(seed) !== body.seed) {
      throw new MinerError(
        { code: 'SEED_CHANGED', sector, seedEpoch },
        `the seed of sector ${sector} changed (epoch ${seedEpoch}): it is told anew, Commit1 must run again`,
      )
    }
  }

  /** True when every deal of the sector can still become active: then the message must not succeed without it. */
  async #allActivatable(pieces: readonly PieceFacts[], head: TipSet): Promise<boolean> {
    const dealIds = dealIdsOf(pieces)
    for (const dealId of dealIds) {
      const deal = await this.chain.marketDeal(dealId, head.key)
      const idle = deal !== undefined && deal.state.sectorStartEpoch < 0
      if (!idle || deal.proposal.startEpoch <= head.height + DEAL_START_SLACK_EPOCHS) {
        this.log.warn('deal can no longer be activated; its sector is proven without it', { dealId })
        return false
      }
    }
    return dealIds.length > 0
  }

  // ---- after sending ----------------------------------------------------------------------------------------------

  /**
   * A message that still has no nonce, because nobody can pay for it or its simulation fails, is of no use once its PreCommit has expired,
   * nor with a deal that it insists on and whose start has come: without that deal the rest of the sector, and its deposit, is saved.
   */
  async #outdated(row: StepRow, message: StoredMessage, head: TipSet): Promise<Failure | undefined> {
    if ((message.state !== 'Planned' && message.state !== 'Held') || message.failure === null)
      return undefined
    const error = (await this.#tooLate(row, head)) ?? this.#insistsInVain(row, message, head)
    if (error === undefined || !(await this.messager.withdraw(message.uuid, error))) return undefined
    return { code: error.code, remedy: remedyOf(error), text: error.message }
  }

  async #tooLate({ sector_number: sector }: StepRow, head: TipSet): Promise<MinerError | undefined> {
    const { address } = await this.actor.require()
    const onChain = await this.chain.preCommitInfo(address, sector, head.key)
    return onChain === undefined ? undefined : this.#expired(sector, onChain, head)
  }

  /** Source: builtin-actors miner/src/lib.rs (prove_commit_sectors3: now ≤ precommit epoch + max prove-commit duration). */
  #expired(sector: number, onChain: PreCommitOnChainInfo, head: TipSet): MinerError | undefined {
    const { policy } = this.network.require()
    const expiredEpoch = onChain.preCommitEpoch + policy.maxProveCommitDuration
    if (head.height < expiredEpoch) return undefined
    return new MinerError(
      { code: 'PRECOMMIT_EXPIRED', sector, expiredEpoch, headEpoch: head.height },
      `sector ${sector} had to be proven by epoch ${expiredEpoch}, it is ${head.height}: its deposit is lost, remove it`,
    )
  }

  #insistsInVain(row: StepRow, message: StoredMessage, head: TipSet): MinerError | undefined {
    if (!proveCommitSectors3Params.decode(message.params).requireNotificationSuccess) return undefined
    const { pieces } = bodySchema.parse(JSON.parse(row.request))
    const dealIds = dealIdsOf(pieces.filter(({ startEpoch }) => startEpoch <= head.height))
    if (dealIds.length === 0) return undefined
    return new MinerError(
      { code: 'DEAL_TOO_LATE', sector: row.sector_number, dealIds, headEpoch: head.height },
      `the start of deal ${dealIds.join(', ')} came while the ProveCommit waited (${message.why ?? 'not sent'}): it is asked for anew without`,
    )
  }

  async #doneOnChain(sector: number, facts: string, head: TipSet): Promise<number | undefined> {
    const { commR } = bodySchema.parse(JSON.parse(facts))
    const { address } = await this.actor.require()
    return await provenSince(this.chain, address, { sector, commR }, head)
  }

  /** Reads from chain state what the receipt does not say: that the sector is there, where it is proven, and which deals are active. */
  async #confirmed(
    row: StepRow,
    message: StoredMessage | undefined,
    head: TipSet,
  ): Promise<string | undefined> {
    const { address } = await this.actor.require()
    const sector = await this.chain.sectorInfo(address, row.sector_number, head.key)
    if (sector === undefined)
      return `message ${message?.cid} landed, but the chain shows no sector ${row.sector_number}: is the node on a fork?`
    const place = await this.chain.sectorPartition(address, row.sector_number, head.key)
    const deals = await Promise.all(
      (JSON.parse(row.deals) as number[]).map(async (dealId) => ({
        dealId,
        deal: await this.chain.marketDeal(dealId, head.key),
      })),
    )
    const active = deals
      .filter(({ deal }) => (deal?.state.sectorStartEpoch ?? -1) >= 0)
      .map(({ dealId }) => dealId)
    const inactive = deals.map(({ dealId }) => dealId).filter((dealId) => !active.includes(dealId))
    const activationEpoch = sector.activation
    await writing(this.db, async (trx) => {
      await this.steps.save(trx, row, { stage: 'landed', landed_epoch: activationEpoch, why: null })
      await this.events.append(trx, activationEpoch, {
        $case: 'proveCommitLanded',
        value: {
          sectorNumber: row.sector_number,
          messageCid: message?.cid ?? '',
          activationEpoch,
          expiration: sector.expiration,
          activeDeals: active,
          inactiveDeals: inactive,
          deadline: place?.deadline ?? 0,
          partition: place?.partition ?? 0,
          turn: row.request_turn,
        },
      })
    })
    if (inactive.length > 0)
      this.log.error('sector proven, but the market did not activate deals', {
        sector: row.sector_number,
        dealIds: inactive,
      })
    this.log.info('provecommit landed', {
      sector: row.sector_number,
      epoch: activationEpoch,
      cid: message?.cid,
      activeDeals: active,
    })
    return undefined
  }
}

/** One piece of the manifest; a deal's piece tells f05 its deal id. */
function activation(piece: PieceFacts) {
  const cid: Cid = parseCid(piece.pieceCid)
  const notify = piece.dealId === null ? [] : [{ address: marketActor, payload: dealIdPayload(piece.dealId) }]
  return { cid, size: paddedSize(BigInt(piece.paddedSize)), verifiedAllocationKey: null, notify }
}
