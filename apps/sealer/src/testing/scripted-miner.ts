import { type GrpcServer, grpcService, type Identity, serveGrpc } from '@sealane/host'
import { devnetKeySet } from '@sealane/proofs'
import { minerV1 } from '@sealane/proto'

type Fact = NonNullable<minerV1.SubscribeResponse['fact']>

/**
 * The miner app's gRPC contract with a chain that does what the test says: numbers count up, tickets and seeds are constants, messages
 * land at once. Records what it was asked, so that a test can tell a repeat from a second effect.
 */
export class ScriptedMiner implements minerV1.MinerServiceImplementation {
  readonly asked: string[] = []
  readonly ticket = new Uint8Array(32).fill(1)
  readonly seed = new Uint8Array(32).fill(2)
  head = 1000
  readonly #events: minerV1.SubscribeResponse[] = []
  readonly #numbers = new Map<string, number>()
  readonly #wake = new Set<() => void>()

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

  async getStatus(): Promise<minerV1.GetStatusResponse> {
    return {
      miner: this.miner,
      networkName: 'sealane-devnet-test',
      networkVersion: 28,
      sectorSize: this.sectorSize,
      headEpoch: this.head,
      blockDelaySeconds: 1,
      keySetDigest: devnetKeySet().digest,
      ready: true,
      waitingFor: '',
    }
  }

  async allocateSectorNumbers({ requestId }: minerV1.AllocateSectorNumbersRequest) {
    const number = this.#numbers.get(requestId) ?? this.#numbers.size + 1
    this.#numbers.set(requestId, number)
    return { sectorNumbers: [number] }
  }

  async drawTicket(): Promise<minerV1.DrawTicketResponse> {
    return {
      epoch: this.head - 900,
      ticket: this.ticket,
      expiresEpoch: this.head + 2880,
      headEpoch: this.head,
    }
  }

  async publishDeal({ requestId }: minerV1.PublishDealRequest): Promise<minerV1.PublishDealResponse> {
    this.asked.push(`publish ${requestId}`)
    const dealId = this.asked.filter((line) => line.startsWith('publish')).length
    const publication = {
      requestId,
      proposalCid: '',
      state: 'Published',
      messageCid: 'bafy2bzacepublish',
      dealId,
      refusal: undefined,
      why: '',
    }
    this.tell({ $case: 'publication', value: publication })
    return { proposalCid: '', refusal: undefined }
  }

  async submitPreCommit({
    envelope,
  }: minerV1.SubmitPreCommitRequest): Promise<minerV1.SubmitPreCommitResponse> {
    const sectorNumber = envelope?.sectorNumber ?? 0
    this.asked.push(`preCommit ${sectorNumber}`)
    this.tell({
      $case: 'preCommitLanded',
      value: {
        sectorNumber,
        preCommitEpoch: this.head,
        messageCid: 'bafy2bzaceprecommit',
        seedEpoch: this.head + 10,
        turn: envelope?.turn ?? 0,
      },
    })
    const seed = { sectorNumber, seedEpoch: this.head + 10, seed: this.seed, preCommitEpoch: this.head }
    this.tell({ $case: 'seedReady', value: seed })
    return { recorded: undefined, refusal: undefined, messageUuid: 'm1' }
  }

  async submitProveCommit(
    request: minerV1.SubmitProveCommitRequest,
  ): Promise<minerV1.SubmitProveCommitResponse> {
    const sectorNumber = request.envelope?.sectorNumber ?? 0
    this.asked.push(`proveCommit ${sectorNumber} ${request.proof.length}`)
    this.tell({
      $case: 'proveCommitLanded',
      value: {
        sectorNumber,
        messageCid: 'bafy2bzaceprovecommit',
        activationEpoch: this.head,
        expiration: this.head + 518_400,
        activeDeals: request.pieces.filter((piece) => piece.hasDeal).map((piece) => piece.dealId),
        inactiveDeals: [],
        deadline: 0,
        partition: 0,
        turn: request.envelope?.turn ?? 0,
      },
    })
    return { recorded: undefined, refusal: undefined, messageUuid: 'm2' }
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
}
