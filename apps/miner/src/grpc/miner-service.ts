import { Injectable } from '@nestjs/common'
import { codeOf, failureOf, Log, remedyOf } from '@sealane/host'
import type { Failure, minerV1 } from '@sealane/proto'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { EventStream } from '../events/event-stream.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { DrawTicket } from '../precommit/draw-ticket.js'
import { PreCommits } from '../precommit/pre-commits.js'
import { ProofCheck } from '../proofs/proof-check.js'
import { ProveCommits } from '../prove-commit/prove-commits.js'
import { Publications } from '../publish/publications.js'
import { SectorNumbers } from '../sectors/sector-numbers.js'
import type { StepAnswer } from '../sectors/step-store.js'
import { SignAsk } from './sign-ask.js'

/** sealane.miner.v1 as the sealer calls it. What must not be retried is answered as a refusal; the rest is thrown. */
@Injectable()
export class MinerService {
  constructor(
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly watch: ChainWatch,
    private readonly proofs: ProofCheck,
    private readonly numbers: SectorNumbers,
    private readonly tickets: DrawTicket,
    private readonly publications: Publications,
    private readonly preCommits: PreCommits,
    private readonly proveCommits: ProveCommits,
    private readonly asks: SignAsk,
    private readonly stream: EventStream,
    private readonly log: Log,
  ) {}

  implementation(): minerV1.MinerServiceImplementation {
    return {
      getStatus: async () => await this.#status(),
      allocateSectorNumbers: async (request) => ({ sectorNumbers: await this.numbers.allocate(request) }),
      drawTicket: async () => await this.#ticket(),
      publishDeal: async ({ requestId, signedProposal }) => {
        return await this.publications.publish(requestId, signedProposal)
      },
      submitPreCommit: async (request) => await this.#step(() => this.preCommits.submit(request)),
      submitProveCommit: async (request) => await this.#step(() => this.proveCommits.submit(request)),
      signAsk: async ({ requestId, ask }) => await this.asks.sign(requestId, ask),
      subscribe: ({ afterSequence }, { signal }) => this.stream.subscribe(afterSequence, signal),
    }
  }

  async #status(): Promise<minerV1.GetStatusResponse> {
    const known = this.network.known
    const miner = await this.actor.find()
    const head = this.watch.head
    const ready = known !== undefined && miner !== undefined && head !== undefined
    return {
      miner: miner?.address ?? '',
      networkName: known?.name ?? '',
      networkVersion: known?.policy.networkVersion ?? 0,
      sectorSize: Number(miner?.sectorSize ?? 0n),
      headEpoch: head?.height ?? 0,
      blockDelaySeconds: known?.blockDelaySeconds ?? 0,
      keySetDigest: known === undefined ? '' : this.proofs.keySet().digest,
      ready,
      waitingFor: ready
        ? ''
        : known === undefined || head === undefined
          ? 'the chain node'
          : this.actor.waitingFor,
    }
  }

  async #ticket(): Promise<minerV1.DrawTicketResponse> {
    const { epoch, ticket, expiresEpoch, headEpoch } = await this.tickets.draw()
    return { epoch, ticket, expiresEpoch, headEpoch }
  }

  async #step(
    submit: () => Promise<StepAnswer>,
  ): Promise<{ messageUuid: string; recorded: minerV1.Recorded | undefined; refusal: Failure | undefined }> {
    try {
      const { messageUuid, recorded } = await submit()
      return { messageUuid, recorded, refusal: undefined }
    } catch (error) {
      if (remedyOf(error) === 'halt') throw error
      this.log.warn('step refused', { code: codeOf(error), error })
      return { messageUuid: '', recorded: undefined, refusal: failureOf(error) }
    }
  }
}
