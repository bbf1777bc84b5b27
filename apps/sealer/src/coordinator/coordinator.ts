import { join } from 'node:path'
import {
  createQueues,
  type FileServer,
  type GrpcServer,
  grpcChannel,
  grpcClient,
  grpcService,
  type Health,
  hostAndPort,
  type Log,
  type OperatorServer,
  type Queues,
  serveGrpc,
  serveOperator,
  tlsOptions,
} from '@sealane/host'
import { crossingJobMaxBytes } from '@sealane/jobs'
import { minerV1, sealerOperator, workV1 } from '@sealane/proto'
import { sql } from 'kysely'
import { firstInLine, linedUp } from '../admission/admit-piece.js'
import { readLimits, whyFull } from '../admission/limits.js'
import { SectorNumbers } from '../admission/sector-numbers.js'
import { expireClaims } from '../claims/end-claim.js'
import { EXPIRY_LOOK_MS } from '../claims/leases.js'
import { workService } from '../claims/work-service.js'
import type { SealerSettings } from '../config.js'
import { askSigner } from '../crossing/ask-signer.js'
import { CrossingLine } from '../crossing/crossing-line.js'
import { followMiner } from '../events/follow-miner.js'
import { HomeFacts } from '../events/home-facts.js'
import { dirsOf } from '../hub/hub-paths.js'
import { serveHub } from '../hub/serve-hub.js'
import { advancePiece, type PieceTools } from '../intake/advance-piece.js'
import { operatorHandlers } from '../operator/operator-handlers.js'
import { advanceSector } from '../pipeline/advance-sector.js'
import { JobLine } from '../pipeline/job-line.js'
import { Waker } from '../pipeline/waker.js'
import { version } from '../version.js'
import { dueRows } from './due-rows.js'
import { networkVerifier } from './network-verifier.js'
import { type Opened, openState } from './open-state.js'

/** Pieces and sectors worked at once: each step is a call or a short write, never a proof. */
const STEPS_AT_ONCE = 16
/** Pieces pulled home at once. They share one line across the ocean. */
const PULLS_AT_ONCE = 8
/** Deals looked at when a sector was opened: others may fit beside. */
const LINE_LOOK = 100
/** Steps that run when we stop have this long. Unit: ms. */
const STOP_GRACE_MS = 2_000

/** All that `sealer run` is, once started; `stop` ends it within the host's ten seconds. */
export class Coordinator {
  readonly #abort = new AbortController()
  readonly #facts = new HomeFacts()
  readonly #dirs: ReturnType<typeof dirsOf>
  readonly #crossing: Queues
  readonly #home: Queues
  readonly #jobs: JobLine
  readonly #miner: minerV1.MinerServiceClient
  readonly #numbers: SectorNumbers
  readonly #sectors: Waker<number>
  readonly #pieces: Waker<string>
  readonly #pulls: Waker<string>
  readonly #line: CrossingLine
  readonly #servers: (GrpcServer | FileServer | OperatorServer)[] = []
  #expiry: NodeJS.Timeout | undefined
  #expiring: Promise<void> | undefined
  #following: Promise<void> = Promise.resolve()
  #outdated = false

  private constructor(
    private readonly settings: SealerSettings,
    private readonly opened: Opened,
    private readonly log: Log,
    private readonly health: Health,
  ) {
    const { db, tls, coordinatorEpoch } = opened
    const { crossing, home, miner, paths } = settings
    this.#dirs = dirsOf(paths.state_dir)
    const lockMs = settings.queues.lock
    const common = { tls: tlsOptions(tls), tlsRequired: settings.tls.required, lockMs, log, health }
    // Whoever owns the box abroad writes into these queues: what is too large is dropped unread.
    this.#crossing = createQueues({
      url: crossing.redis_url,
      name: 'crossing',
      maxJobBytes: crossingJobMaxBytes,
      ...common,
    })
    this.#home = createQueues({ url: home.redis_url, name: 'home', ...common })
    this.#jobs = new JobLine(this.#home, log.child({ room: 'queues' }))
    const channel = grpcChannel({ address: miner.grpc, tls, role: 'miner' })
    this.#miner = grpcClient(minerV1.MinerServiceDefinition, channel)
    this.#numbers = new SectorNumbers(db, this.#miner, coordinatorEpoch, this.#abort.signal)
    this.#sectors = this.#sectorWaker()
    const pieceTools = this.#pieceTools()
    this.#pieces = this.#pieceWaker(pieceTools, false)
    this.#pulls = this.#pieceWaker(pieceTools, true)
    this.#line = this.#crossingLine()
  }

  /** Opens the state (one coordinator per state directory: SqlError LOCKED, `halt`), begins to serve and to work. */
  static async start(settings: SealerSettings, log: Log, health: Health): Promise<Coordinator> {
    const coordinator = new Coordinator(settings, await openState(settings, log, health), log, health)
    try {
      await coordinator.#serve()
    } catch (error) {
      await coordinator.stop()
      throw error
    }
    coordinator.#run()
    return coordinator
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    clearInterval(this.#expiry)
    this.#line.stop()
    this.#jobs.stop()
    await Promise.all([
      this.#sectors.stop(STOP_GRACE_MS),
      this.#pieces.stop(STOP_GRACE_MS),
      this.#pulls.stop(STOP_GRACE_MS),
      this.#crossing.close(),
      this.#home.close(),
      this.#following,
      this.#expiring,
      ...this.#servers.map((server) => server.close()),
    ])
    await this.opened.db.destroy()
    this.opened.lock.release()
  }

  // ---- what works rows --------------------------------------------------------------------------------------------

  #sectorWaker(): Waker<number> {
    const { db, sectors, pieces, coordinatorEpoch, outbox } = this.opened
    const tools = {
      sectors,
      pieces,
      step: {
        db,
        miner: this.#miner,
        jobs: this.#jobs,
        facts: this.#facts,
        verifier: networkVerifier(this.#facts, this.settings.proofs.params_dir),
        coordinatorEpoch,
        dirs: this.#dirs,
        requeueAfterMs: this.settings.work.requeue_after,
        now: Date.now,
        signal: this.#abort.signal,
      },
      touched: (dealUuids: readonly string[]) => {
        for (const dealUuid of dealUuids) this.#pieces.nudge(dealUuid)
      },
      outdated: async () => {
        if (this.#outdated) return
        this.#outdated = true
        this.log.warn('this database is older than the miner’s record: a restored backup catches up')
        // Abroad has seen later messages of this sender: they must not look like old ones.
        await outbox.reincarnate(Date.now())
      },
      log: this.log.child({ room: 'pipeline' }),
    }
    return new Waker<number>({
      ...dueRows<number>(db, 'sectors', 'sector_number'),
      work: async (sectorNumber) => {
        const moved = await advanceSector(sectorNumber, tools)
        if (moved) this.#moved()
        return moved
      },
      concurrency: STEPS_AT_ONCE,
      log: this.log,
      now: Date.now,
    })
  }

  /** Pulls take hours: they have places of their own, so that nothing waits behind them. */
  #pieceWaker(tools: PieceTools, pulls: boolean): Waker<string> {
    const { db, pieces } = this.opened
    const only = pulls ? sql`state = 'Pulling'` : sql`state <> 'Pulling'`
    return new Waker<string>({
      ...dueRows<string>(db, 'pieces', 'deal_uuid', only),
      work: async (dealUuid) => {
        const piece = await pieces.read(dealUuid)
        if (piece === undefined) return false
        if ((piece.state === 'Pulling') !== pulls) {
          const other = pulls ? this.#pieces : this.#pulls
          other.nudge(dealUuid)
          return false
        }
        const moved = await advancePiece(dealUuid, tools)
        if (moved) void this.#line.flush()
        return moved
      },
      concurrency: pulls ? PULLS_AT_ONCE : STEPS_AT_ONCE,
      log: this.log,
      now: Date.now,
    })
  }

  #pieceTools(): PieceTools {
    const { pieces, sectors, tls } = this.opened
    const { signal } = this.#abort
    return {
      miner: this.#miner,
      facts: this.#facts,
      pull: { dirs: this.#dirs, piecesUrl: this.settings.provider.pieces_url, tls, signal },
      admission: {
        pieces,
        sectors,
        numbers: this.#numbers,
        waitDealsMs: this.settings.limits.wait_deals,
        now: Date.now,
      },
      now: Date.now,
      signal,
      nudgeSector: (sectorNumber) => this.#sectors.nudge(sectorNumber),
      nudgePiece: (dealUuid) => this.#pieces.nudge(dealUuid),
      lookAtLine: () => void this.#lookAtLine(),
      log: this.log.child({ room: 'intake' }),
    }
  }

  /** A sector moved: abroad is told, and a place may have become free. */
  #moved(): void {
    void this.#line.flush()
    void this.#lookAtFirst()
  }

  #nudgeSector(sectorNumber: number): void {
    this.#sectors.nudge(sectorNumber)
    this.#moved()
  }

  async #lookAtFirst(): Promise<void> {
    const { db } = this.opened
    try {
      if (whyFull(await readLimits(db), 'deal') !== undefined) return
      const first = await firstInLine(db)
      if (first !== undefined) this.#pieces.nudge(first)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.log.warn('waiting deals not looked at', { error })
    }
  }

  async #lookAtLine(): Promise<void> {
    try {
      for (const dealUuid of await linedUp(this.opened.db, LINE_LOOK)) this.#pieces.nudge(dealUuid)
    } catch (error) {
      if (!this.#abort.signal.aborted) this.log.warn('waiting deals not looked at', { error })
    }
  }

  // ---- what others reach ------------------------------------------------------------------------------------------

  async #serve(): Promise<void> {
    const { db, sectors, pieces, leases, tls } = this.opened
    const { grpc, hub, paths } = this.settings
    const work = workService({
      db,
      store: sectors,
      facts: this.#facts,
      leases,
      now: Date.now,
      nudge: (sectorNumber) => this.#nudgeSector(sectorNumber),
      look: () => void this.#sectors.look(),
      version,
      log: this.log.child({ room: 'claims' }),
    })
    this.#servers.push(
      await serveHub({
        ...hostAndPort(hub.listen),
        tls,
        db,
        dirs: this.#dirs,
        log: this.log.child({ room: 'hub' }),
      }),
    )
    const services = [grpcService(workV1.WorkServiceDefinition, work, ['worker'])]
    this.#servers.push(await serveGrpc({ services, address: grpc.listen, tls, log: this.log }))
    const handlers = operatorHandlers({
      store: sectors,
      pieces,
      facts: this.#facts,
      numbers: this.#numbers,
      queues: this.#home,
      health: this.health,
      dirs: this.#dirs,
      now: Date.now,
      signal: this.#abort.signal,
      nudgeSector: (sectorNumber) => this.#nudgeSector(sectorNumber),
      nudgePiece: (dealUuid) => this.#pieces.nudge(dealUuid),
      lookAtLine: () => void this.#lookAtLine(),
    })
    const socketPath = join(paths.runtime_dir, 'sealer.sock')
    this.#servers.push(await serveOperator({ api: sealerOperator, handlers, socketPath, log: this.log }))
  }

  // ---- what runs by itself ----------------------------------------------------------------------------------------

  #run(): void {
    const { db, sectors, pieces } = this.opened
    this.#line.start()
    this.#sectors.start()
    this.#pieces.start()
    this.#pulls.start()
    this.#expiry = setInterval(() => {
      this.#expiring ??= this.#expireClaims().finally(() => {
        this.#expiring = undefined
      })
    }, EXPIRY_LOOK_MS)
    this.#following = followMiner({
      db,
      miner: this.#miner,
      facts: this.#facts,
      sectors,
      pieces,
      touched: (touched) => {
        for (const sectorNumber of touched.sectors) this.#sectors.nudge(sectorNumber)
        for (const dealUuid of touched.pieces) this.#pieces.nudge(dealUuid)
        this.#moved()
      },
      lamp: this.health.room('miner'),
      log: this.log.child({ room: 'events' }),
      now: Date.now,
      signal: this.#abort.signal,
    })
  }

  async #expireClaims(): Promise<void> {
    const { sectors, leases } = this.opened
    try {
      const late = await expireClaims(sectors, leases, Date.now)
      for (const sectorNumber of late) this.#nudgeSector(sectorNumber)
    } catch (error) {
      this.log.error('late claims not looked for', { error })
    }
  }

  #crossingLine(): CrossingLine {
    const { db, outbox, pieces } = this.opened
    const signAsk = askSigner({ miner: this.#miner, outbox, db, now: Date.now })
    return new CrossingLine({
      queues: this.#crossing,
      outbox,
      tools: () => {
        const { miner } = this.#facts
        const { daily_offers: dailyOffers } = this.settings.intake
        return miner && { pieces, outbox, miner, dailyOffers, now: Date.now, signAsk }
      },
      arrived: (dealUuid) => this.#pieces.nudge(dealUuid),
      log: this.log.child({ room: 'crossing' }),
      now: Date.now,
    })
  }
}
