import { Injectable } from '@nestjs/common'
import {
  type Address,
  type ClientDealProposal,
  clientDealProposal,
  dealProposalCid,
  protocolOfAddress,
} from '@sealane/actors'
import { ChainPort, type TipSet } from '@sealane/chain'
import { codeOf, failureOf, Health, Log, remedyOf } from '@sealane/host'
import type { Failure } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MinerError } from '../miner-error.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { Settings } from '../network/settings.js'
import { judgeProposal } from './judge-proposal.js'
import { PublicationStore } from './publication-store.js'
import { PublishBatch } from './publish-batch.js'
import { PublishOptions } from './publish-options.js'
import { SentPublications } from './sent-publications.js'

/** Longest CBOR of a signed proposal that is read at all. Boost's own messages are < 4 KiB. Unit: bytes. */
const MAX_PROPOSAL_BYTES = 16 * 1024

/**
 * Publishes deals: judges each proposal, gathers batches by size, time and start-epoch pressure, simulates every deal alone so that
 * one bad deal never spoils another's, tops up escrow, sends PublishStorageDeals, and reads deal ids at confidence.
 */
@Injectable()
export class Publications {
  readonly #loop: RoomLoop

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly settings: Settings,
    private readonly actor: MinerActor,
    private readonly store: PublicationStore,
    private readonly batch: PublishBatch,
    private readonly sent: SentPublications,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: PublishOptions,
  ) {
    this.#loop = new RoomLoop({
      room: 'publish',
      log,
      health: health.room('publish'),
      everyMs: 500,
      round: () => this.round(),
    })
    this.watch.onHead(() => this.#loop.nudge())
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }

  /** Lets the deals queued by now wait for no batch. Their money and their simulation are judged as ever. */
  async publishNow(): Promise<void> {
    await this.settings.set(this.db, 'publishNow', String(this.clock.now()))
    this.#loop.nudge()
  }

  /**
   * Takes a signed proposal for publishing, once per request id (the deal's uuid). A refusal that holds for ever is the answer;
   * trouble with the chain is thrown (`retry`).
   */
  async publish(
    requestId: string,
    signedProposal: Uint8Array,
  ): Promise<{ proposalCid: string; refusal: Failure | undefined }> {
    const known = await this.store.find(requestId)
    if (known !== undefined) {
      if (Buffer.compare(known.signed_proposal, signedProposal) !== 0) {
        throw new MinerError({ code: 'REQUEST_REUSED', requestId, differs: 'the proposal' })
      }
      const failure =
        known.state === 'Refused' && known.failure !== null
          ? (JSON.parse(known.failure) as Failure)
          : undefined
      return { proposalCid: known.proposal_cid, refusal: failure }
    }
    let proposalCid = ''
    try {
      const signed = decodeProposal(requestId, signedProposal)
      proposalCid = dealProposalCid(signed.proposal)
      await this.#admit(requestId, signed, signedProposal)
      this.#loop.nudge()
      return { proposalCid, refusal: undefined }
    } catch (error) {
      if (remedyOf(error) !== 'drop') throw error
      this.log.warn('proposal refused', { requestId, code: codeOf(error), error })
      return { proposalCid, refusal: failureOf(error) }
    }
  }

  async #admit(requestId: string, signed: ClientDealProposal, bytes: Uint8Array): Promise<void> {
    const miner = await this.actor.require()
    const head = this.watch.requireHead()
    const { proposal } = signed
    const proposalCid = dealProposalCid(proposal)
    const twin = await this.store.ofProposal(proposalCid)
    if (twin !== undefined) {
      throw new MinerError(
        { code: 'DUPLICATE_PROPOSAL', proposalCid, requestId: twin.request_id },
        `deal ${twin.request_id} has the same proposal`,
      )
    }
    if (proposal.startEpoch <= head.height) {
      // Before the client's key is asked for: a client whom the chain never knows must not be asked for for ever.
      const reason = `start epoch ${proposal.startEpoch} has passed (now ${head.height})`
      throw new MinerError({ code: 'PROPOSAL_REFUSED', proposalCid, reason }, reason)
    }
    const robust = await this.settings.get('robust')
    judgeProposal(signed, {
      policy: this.network.require().policy,
      terms: this.options.terms,
      miner: miner.address,
      robust: robust as Address | undefined,
      sectorSize: miner.sectorSize,
      headEpoch: head.height,
      clientKey: await this.#keyOf(proposal.client, head),
      bounds: await this.chain.collateralBounds(proposal.pieceSize, false, head.key),
    })
    await writing(this.db, (trx) =>
      this.store.queue(
        trx,
        {
          request_id: requestId,
          proposal_cid: proposalCid,
          signed_proposal: bytes,
          client: proposal.client,
          piece_cid: proposal.pieceCid,
          piece_size: proposal.pieceSize.toString(),
          start_epoch: proposal.startEpoch,
          end_epoch: proposal.endEpoch,
          collateral: proposal.providerCollateral.toString(),
        },
        head.height,
      ),
    )
  }

  async #keyOf(client: Address, head: TipSet): Promise<Address> {
    const protocol = protocolOfAddress(client)
    return protocol === 1 || protocol === 3 ? client : await this.chain.accountKey(client, head.key)
  }

  async round(): Promise<void> {
    const head = this.watch.head
    if (head === undefined || (await this.actor.find()) === undefined) return
    if (await this.sent.follow(head)) this.#loop.nudge()
    await this.#releaseHeld(head)
    await this.batch.send(head)
  }

  async #releaseHeld(head: TipSet): Promise<void> {
    const now = this.clock.now()
    for (const row of await this.store.inState('Held')) {
      if (row.wake_at === null || row.wake_at > now) continue
      await writing(this.db, (trx) =>
        this.store.move(trx, row, 'released', { wake_at: null, why: null, failure: null }, head.height),
      )
    }
  }
}

function decodeProposal(requestId: string, bytes: Uint8Array): ClientDealProposal {
  const refuse = (reason: string) =>
    new MinerError({ code: 'PROPOSAL_REFUSED', proposalCid: '', reason }, reason)
  if (requestId === '') throw refuse('the request has no id')
  if (bytes.length > MAX_PROPOSAL_BYTES)
    throw refuse(`a signed proposal of ${bytes.length} bytes is too long`)
  try {
    return clientDealProposal.decode(bytes)
  } catch (cause) {
    throw refuse(`not a signed proposal: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
