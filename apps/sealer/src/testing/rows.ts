import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type Address, pieceCid } from '@sealane/actors'
import { silentLog } from '@sealane/host'
import type { JobKind } from '@sealane/jobs'
import type { PieceState, SectorState } from '@sealane/lifecycle'
import type { Verifier } from '@sealane/proofs'
import type { Failure, minerV1, Waiting, workV1 } from '@sealane/proto'
import { migrate, type Outbox, openDatabase, openOutbox } from '@sealane/sql'
import type { Kysely } from 'kysely'
import { SectorNumbers } from '../admission/sector-numbers.js'
import { Leases } from '../claims/leases.js'
import { type WorkTools, workService } from '../claims/work-service.js'
import type { SealerSettings } from '../config.js'
import { begin } from '../coordinator/begin.js'
import { applyEvent } from '../events/apply-event.js'
import type { Touched } from '../events/follow-told.js'
import { HomeFacts } from '../events/home-facts.js'
import { dirsOf } from '../hub/hub-paths.js'
import { advancePiece, type PieceTools } from '../intake/advance-piece.js'
import { PieceStore } from '../intake/piece-store.js'
import { migrations } from '../migrations/index.js'
import { advanceSector } from '../pipeline/advance-sector.js'
import { JobLine } from '../pipeline/job-line.js'
import { SectorStore } from '../pipeline/sector-store.js'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import { ScriptedMiner } from './scripted-miner.js'

type Limits = Partial<SealerSettings['limits']>

/** The coordinator's rows and rooms without its servers and loops: each step is made by the test. */
export class Rows {
  readonly miner = new ScriptedMiner('f01000', 2048)
  readonly facts = new HomeFacts()
  readonly sectors: SectorStore
  readonly pieces: PieceStore
  readonly jobs: string[] = []
  /** What the verifier says of any proof. */
  proofHolds = true
  /** The wall clock. Unit: ms. */
  nowMs = Date.now()
  /** How often the coordinator found its database older than the miner's record. */
  outdated = 0
  waitDealsMs = 60_000
  #sequence = 0

  private constructor(
    readonly dir: string,
    readonly db: Kysely<SealerDb>,
    readonly outbox: Outbox,
    readonly leases: Leases,
    readonly coordinatorEpoch: number,
  ) {
    this.sectors = new SectorStore(db, outbox)
    this.pieces = new PieceStore(db, outbox)
    this.learnMiner()
  }

  /** Opens the database of a state directory, as a start of the coordinator does. */
  static async open(
    dir: string,
    o: { limits?: Limits; flaggedLimits?: string[]; leases?: Leases } = {},
  ): Promise<Rows> {
    const db = await openDatabase<SealerDb>(`sqlite:${join(dir, 'sealer.db')}`)
    await migrate(db, migrations)
    const limits = {
      enable_deal_sector: true,
      deal_concurrent: 1,
      total_num: 0,
      wait_deals: 60_000,
      ...o.limits,
    }
    const settings = { limits, flaggedLimits: o.flaggedLimits ?? [] } as unknown as SealerSettings
    const leases = o.leases ?? new Leases(45_000)
    const { coordinatorEpoch } = await begin(db, settings, leases)
    const outbox = await openOutbox(db, { name: 'sealer', now: Date.now() })
    return new Rows(dir, db, outbox, leases, coordinatorEpoch)
  }

  async close(): Promise<void> {
    await this.db.destroy()
  }

  learnMiner(networkName = 'sealane-devnet-test'): void {
    const { miner, sectorSize } = this.miner
    this.facts.learnMiner({
      id: 1000,
      address: miner as Address,
      networkName,
      sectorSizeBytes: sectorSize,
      keySetDigest: '',
    })
    this.facts.learnHead(this.miner.head)
  }

  // ---- rows -------------------------------------------------------------------------------------------------------

  /** A sector in a state, with what such a sector has. */
  async sector(state: SectorState, facts: Partial<Sector> = {}): Promise<Sector> {
    const last = await this.db
      .selectFrom('sectors')
      .select((eb) => eb.fn.max('sector_number').as('number'))
      .executeTakeFirst()
    const row = {
      sector_number: (last?.number ?? 0) + 1,
      state,
      turn: 10,
      state_since_ms: this.nowMs,
      wake_at: this.nowMs,
      tries: 0,
      kind: 'deal',
      sector_size: 2048,
      counted: 0,
      prover: 'trapdoor',
      storage_id: 'path-a',
      winning_claim: 'winner',
      ticket: '01'.repeat(32),
      ticket_epoch: 100,
      ticket_expires_epoch: 3880,
      comm_d: '02'.repeat(32),
      comm_r: '03'.repeat(32),
      ...facts,
    } as Sector
    await this.db.insertInto('sectors').values(row).execute()
    return await this.read(row.sector_number)
  }

  /** A piece in a state; each has its own bytes, deal id and start epoch. */
  async piece(state: PieceState, facts: Partial<Piece> = {}): Promise<Piece> {
    const uuid = randomUUID()
    const row = {
      deal_uuid: uuid,
      state,
      turn: 1,
      state_since_ms: this.nowMs,
      wake_at: this.nowMs,
      tries: 0,
      proposal_cid: `proposal-${uuid}`,
      signed_proposal: '',
      client: 'f1client',
      piece_cid: pieceCid(Buffer.from(uuid.replaceAll('-', '').repeat(2), 'hex').fill(0, 31)),
      piece_size: 2048,
      payload_size: 2000,
      start_epoch: 20_000,
      end_epoch: 600_000,
      ...facts,
    } as Piece
    await this.db.insertInto('pieces').values(row).execute()
    return await this.readPiece(row.deal_uuid)
  }

  async read(sectorNumber: number): Promise<Sector> {
    const sector = await this.sectors.read(sectorNumber)
    if (sector === undefined) throw new Error(`no sector ${sectorNumber}`)
    return sector
  }

  async readPiece(dealUuid: string): Promise<Piece> {
    const piece = await this.pieces.read(dealUuid)
    if (piece === undefined) throw new Error(`no piece ${dealUuid}`)
    return piece
  }

  async waiting(row: Sector | Piece): Promise<Waiting | undefined> {
    const read = 'deal_uuid' in row ? await this.readPiece(row.deal_uuid) : await this.read(row.sector_number)
    return read.waiting === null ? undefined : (JSON.parse(read.waiting) as Waiting)
  }

  async failure(row: Sector | Piece): Promise<Failure | undefined> {
    const read = 'deal_uuid' in row ? await this.readPiece(row.deal_uuid) : await this.read(row.sector_number)
    return read.failure === null ? undefined : (JSON.parse(read.failure) as Failure)
  }

  // ---- steps ------------------------------------------------------------------------------------------------------

  get #minerClient(): minerV1.MinerServiceClient {
    return this.miner as unknown as minerV1.MinerServiceClient
  }

  /** The next fact of the miner's stream. */
  async event(fact: minerV1.SubscribeResponse['fact'], sequence = ++this.#sequence): Promise<Touched> {
    return await applyEvent({ sequence, epoch: this.miner.head, fact }, this.sectors, this.pieces, this.nowMs)
  }

  /** One step of a sector. Returns true when it moved. */
  async advance(sectorNumber: number): Promise<boolean> {
    const add = async (kind: JobKind, payloads: readonly unknown[]) => {
      for (const payload of payloads) this.jobs.push(`${kind.queue} ${kind.id(payload)}`)
    }
    return await advanceSector(sectorNumber, {
      sectors: this.sectors,
      pieces: this.pieces,
      step: {
        db: this.db,
        miner: this.#minerClient,
        jobs: new JobLine({ addBulk: add as never }, silentLog()),
        facts: this.facts,
        verifier: async () => ({ verifySeal: async () => this.proofHolds }) as unknown as Verifier,
        coordinatorEpoch: this.coordinatorEpoch,
        dirs: dirsOf(this.dir),
        requeueAfterMs: 20_000,
        now: () => this.nowMs,
        signal: new AbortController().signal,
      },
      touched: () => {},
      outdated: async () => {
        this.outdated += 1
      },
      log: silentLog(),
    })
  }

  /** One step of a piece. Returns true when it moved. */
  async advancePiece(dealUuid: string, changes: Partial<PieceTools> = {}): Promise<boolean> {
    const { signal } = new AbortController()
    return await advancePiece(dealUuid, {
      miner: this.#minerClient,
      facts: this.facts,
      pull: { dirs: dirsOf(this.dir), piecesUrl: 'https://127.0.0.1:1', tls: undefined as never, signal },
      admission: {
        pieces: this.pieces,
        sectors: this.sectors,
        numbers: new SectorNumbers(this.db, this.#minerClient, this.coordinatorEpoch, signal),
        waitDealsMs: this.waitDealsMs,
        now: () => this.nowMs,
      },
      now: () => this.nowMs,
      signal,
      nudgeSector: () => {},
      nudgePiece: () => {},
      lookAtLine: () => {},
      log: silentLog(),
      ...changes,
    })
  }

  /** The claims service, called without a network. */
  work(changes: Partial<WorkTools> = {}): Worker {
    return workService({
      db: this.db,
      store: this.sectors,
      facts: this.facts,
      leases: this.leases,
      now: () => this.nowMs,
      nudge: () => {},
      look: () => {},
      version: '1',
      log: silentLog(),
      ...changes,
    }) as unknown as Worker
  }
}

/** The service as a worker sees it. */
type Worker = {
  [Method in keyof workV1.WorkServiceClient]: (
    request: Partial<Parameters<workV1.WorkServiceClient[Method]>[0]>,
  ) => ReturnType<workV1.WorkServiceClient[Method]>
}
