import { type GrpcServer, grpcService, type Identity, RemoteError, serveGrpc } from '@sealane/host'
import { devnetKeySet } from '@sealane/proofs'
import { minerV1 } from '@sealane/proto'

type Fact = NonNullable<minerV1.SubscribeResponse['fact']>
type Step = 'preCommit' | 'proveCommit'

/** What the miner holds of one step of one sector. */
interface HeldStep {
  requestId: string
  turn: number
  /** The request's facts: a newer turn with other facts is another message. */
  body: string
}

/**
 * The miner app's gRPC contract, with its rules for repeated, older and stale requests, over a chain that does what the test says: numbers
 * count up, tickets and seeds are constants, messages land at once. Records what took effect, so that a test can tell a repeat from a
 * second effect.
 */
export class ScriptedMiner implements minerV1.MinerServiceImplementation {
  /** Every call that reached it, in order. */
  readonly asked: string[] = []
  /** Messages that were sent: one line each, never two for one step unless the first was lost. */
  readonly sent: string[] = []
  ticket: Uint8Array = new Uint8Array(32).fill(1)
  seed: Uint8Array = new Uint8Array(32).fill(2)
  head = 1000
  networkName = 'sealane-devnet-test'
  /** False: requests are taken, the test itself tells what becomes of them. */
  tells = true
  /** Deals that the market does not activate. */
  readonly inactiveDeals = new Set<number>()
  /** The next request of a step is refused with this. */
  readonly refuseNext = new Map<Step | 'publish', { code: string; remedy: string; text: string }>()
  readonly #events: minerV1.SubscribeResponse[] = []
  readonly #numbers = new Map<string, number>()
  readonly #steps = new Map<string, HeldStep>()
  readonly #dealIds = new Map<string, number>()
  readonly #wake = new Set<() => void>()
  #coordinatorEpoch = 0

  constructor(
    readonly miner: string,
    readonly sectorSize: number,
  ) {}

  static async serve(miner: ScriptedMiner, tls: Identity): Promise<GrpcServer> {
    const service = grpcService(minerV1.MinerServiceDefinition, miner, ['sealer'])
    return await serveGrpc({ services: [service], address: '127.0.0.1:0', tls })
  }

  tell(fact: Fact): void {
    this.#events.push({ sequence: this.#events.length + 1, epoch: this.head, fact })
    for (const wake of this.#wake) wake()
  }

  /** The turn of the request it holds. */
  turnOf(sectorNumber: number, step: Step): number {
    return this.#steps.get(`${sectorNumber}-${step}`)?.turn ?? 0
  }

  async getStatus(): Promise<minerV1.GetStatusResponse> {
    return {
      miner: this.miner,
      networkName: this.networkName,
      networkVersion: 28,
      sectorSize: this.sectorSize,
      headEpoch: this.head,
      blockDelaySeconds: 1,
      keySetDigest: devnetKeySet().digest,
      ready: true,
      waitingFor: '',
    }
  }

  async allocateSectorNumbers({ requestId, highestKnown }: minerV1.AllocateSectorNumbersRequest) {
    const used = Math.max(0, ...this.#numbers.values(), highestKnown)
    const number = this.#numbers.get(requestId) ?? used + 1
    this.#numbers.set(requestId, number)
    this.asked.push(`number ${number}`)
    return { sectorNumbers: [number] }
  }

  async drawTicket({ sectorNumber }: minerV1.DrawTicketRequest): Promise<minerV1.DrawTicketResponse> {
    this.asked.push(`ticket ${sectorNumber}`)
    return {
      epoch: this.head - 900,
      ticket: this.ticket,
      expiresEpoch: this.head + 2880,
      headEpoch: this.head,
    }
  }

  async publishDeal({ requestId }: minerV1.PublishDealRequest): Promise<minerV1.PublishDealResponse> {
    this.asked.push(`publish ${requestId}`)
    const refusal = this.#refusal('publish')
    if (refusal) return { proposalCid: '', refusal }
    const known = this.#dealIds.has(requestId)
    const dealId = this.#dealIds.get(requestId) ?? this.#dealIds.size + 1
    this.#dealIds.set(requestId, dealId)
    if (this.tells && !known) this.tellPublished(requestId, dealId)
    return { proposalCid: '', refusal: undefined }
  }

  tellPublished(requestId: string, dealId: number, state = 'Published'): void {
    const messageCid = 'bafy2bzacepublish'
    const value = { requestId, proposalCid: '', state, messageCid, dealId, refusal: undefined, why: '' }
    this.tell({ $case: 'publication', value })
  }

  async submitPreCommit(request: minerV1.SubmitPreCommitRequest): Promise<minerV1.SubmitPreCommitResponse> {
    const { envelope, ...body } = request
    const answer = this.#take('preCommit', envelope, JSON.stringify([...body.commR, ...body.ticket]))
    if (answer.sent && this.tells) this.landPreCommit(envelope?.sectorNumber ?? 0)
    return answer
  }

  landPreCommit(sectorNumber: number): void {
    this.tellPreCommitLanded(sectorNumber)
    this.tellSeed(sectorNumber)
  }

  tellPreCommitLanded(sectorNumber: number): void {
    const value = {
      sectorNumber,
      preCommitEpoch: this.head,
      messageCid: 'bafy2bzaceprecommit',
      seedEpoch: this.head + 10,
      turn: this.turnOf(sectorNumber, 'preCommit'),
    }
    this.tell({ $case: 'preCommitLanded', value })
  }

  tellSeed(sectorNumber: number): void {
    const seed = { sectorNumber, seedEpoch: this.head + 10, seed: this.seed, preCommitEpoch: this.head }
    this.tell({ $case: 'seedReady', value: seed })
  }

  async submitProveCommit(
    request: minerV1.SubmitProveCommitRequest,
  ): Promise<minerV1.SubmitProveCommitResponse> {
    const { envelope, pieces } = request
    const answer = this.#take('proveCommit', envelope, '')
    const dealIds = pieces.filter((piece) => piece.hasDeal).map((piece) => piece.dealId)
    if (answer.sent && this.tells) this.landProveCommit(envelope?.sectorNumber ?? 0, dealIds)
    return answer
  }

  landProveCommit(sectorNumber: number, dealIds: readonly number[]): void {
    const value = {
      sectorNumber,
      messageCid: 'bafy2bzaceprovecommit',
      activationEpoch: this.head,
      expiration: this.head + 518_400,
      activeDeals: dealIds.filter((dealId) => !this.inactiveDeals.has(dealId)),
      inactiveDeals: dealIds.filter((dealId) => this.inactiveDeals.has(dealId)),
      deadline: 0,
      partition: 0,
      turn: this.turnOf(sectorNumber, 'proveCommit'),
    }
    this.tell({ $case: 'proveCommitLanded', value })
  }

  tellLost(sectorNumber: number, step: Step, refusal: minerV1.Refusal): void {
    const turn = this.turnOf(sectorNumber, step)
    this.#steps.delete(`${sectorNumber}-${step}`)
    this.tell({ $case: 'stepLost', value: { sectorNumber, step, turn, refusal } })
  }

  async signAsk({ ask }: minerV1.SignAskRequest): Promise<minerV1.SignAskResponse> {
    return { signedAsk: ask, refusal: undefined }
  }

  async *subscribe({ afterSequence }: minerV1.SubscribeRequest, { signal }: { signal: AbortSignal }) {
    for (let next = afterSequence; !signal.aborted; ) {
      const event = this.#events[next]
      if (event) {
        next += 1
        yield event
        continue
      }
      await new Promise<void>((resolve) => {
        this.#wake.add(resolve)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  /** The miner's rules: an equal request gets its answer again, an older one the newer turn, a replaced coordinator is stopped. */
  #take(step: Step, envelope: minerV1.Envelope | undefined, body: string) {
    if (envelope === undefined) throw new TypeError('no envelope')
    const { sectorNumber, turn, requestId, coordinatorEpoch } = envelope
    this.asked.push(`${step} ${sectorNumber} turn ${turn}`)
    if (coordinatorEpoch < this.#coordinatorEpoch) {
      throw new RemoteError(
        { code: 'STALE_COORDINATOR' },
        `a coordinator with epoch ${this.#coordinatorEpoch} has taken over`,
        'halt',
      )
    }
    this.#coordinatorEpoch = coordinatorEpoch
    const refusal = this.#refusal(step)
    if (refusal) return { recorded: undefined, refusal, messageUuid: '', sent: false }
    const key = `${sectorNumber}-${step}`
    const held = this.#steps.get(key)
    const again = { recorded: undefined, refusal: undefined, messageUuid: `m-${key}`, sent: false }
    if (held !== undefined && held.turn >= turn) {
      if (held.requestId === requestId) return again
      return { ...again, recorded: { turn: held.turn, requestId: held.requestId } }
    }
    if (held !== undefined && held.body !== body) {
      const text = `sector ${sectorNumber} already has a ${step} message with other facts`
      const refused = { code: 'PRECOMMIT_DIFFERS', remedy: 'hold', text }
      return { ...again, refusal: refused }
    }
    // A living message with the same facts is adopted, and told again.
    if (held === undefined) this.sent.push(`${step} ${sectorNumber}`)
    this.#steps.set(key, { requestId, turn, body })
    return { ...again, sent: true }
  }

  #refusal(step: Step | 'publish'): minerV1.Refusal | undefined {
    const refusal = this.refuseNext.get(step)
    this.refuseNext.delete(step)
    return refusal
  }
}
