import { join } from 'node:path'
import {
  createQueues,
  type FileServer,
  type GrpcServer,
  grpcChannel,
  grpcClient,
  grpcService,
  type Health,
  HostError,
  halt,
  type Log,
  loadIdentity,
  type OperatorServer,
  type Queues,
  serveGrpc,
  serveOperator,
  tlsOptions,
} from '@sealane/host'
import { createVerifier, devnetKeySet, type Verifier } from '@sealane/proofs'
import { minerV1, sealerOperator, workV1 } from '@sealane/proto'
import { migrate, newIncarnation, type Outbox, openDatabase, openOutbox, writing } from '@sealane/sql'
import { type Kysely, sql } from 'kysely'
import { setLimits } from './admission/limits.js'
import { expireClaims } from './claims/end-claim.js'
import { workService } from './claims/work-service.js'
import type { SealerConfig } from './config.js'
import { CrossingLine } from './crossing/crossing-line.js'
import { followMiner } from './events/follow-miner.js'
import { HomeFacts } from './events/home-facts.js'
import { serveHub } from './hub/serve-hub.js'
import { advancePiece } from './intake/advance-piece.js'
import { PieceStore } from './intake/piece-store.js'
import { hostAndPort } from './listen-address.js'
import { migrations } from './migrations/index.js'
import { operatorHandlers } from './operator/operator-handlers.js'
import { advanceSector } from './pipeline/advance-sector.js'
import { SectorStore } from './pipeline/sector-store.js'
import { Waker } from './pipeline/waker.js'
import type { SealerDb } from './sealer-db.js'
import { version } from './version.js'

/** How often late claims are looked for. Unit: ms. */
const EXPIRY_LOOK_MS = 1_000
/** Pieces and sectors worked at once: each step is a call or a short write, never a proof. */
const STEPS_AT_ONCE = 16
/** Steps that run when we stop have this long. Unit: ms. */
const STOP_GRACE_MS = 2_000

/** All that `sealer run` is, once started; `stop` ends it within the host's ten seconds. */
export class Coordinator {
  private constructor(
    private readonly abort: AbortController,
    private readonly parts: {
      db: Kysely<SealerDb>
      crossing: Queues
      home: Queues
      line: CrossingLine
      sectors: Waker<number>
      pieces: Waker<string>
      servers: (GrpcServer | FileServer | OperatorServer)[]
      timer: NodeJS.Timeout
      following: Promise<void>
    },
  ) {}

  static async start(config: SealerConfig, log: Log, health: Health): Promise<Coordinator> {
    const abort = new AbortController()
    const { signal } = abort
    const now = () => Date.now()
    const stateDir = config.paths.state_dir
    const [piecesDir, hubDir] = [join(stateDir, 'pieces'), join(stateDir, 'hub')]
    const tls = loadIdentity(config.tls.dir, 'sealer')

    const db = await openDatabase<SealerDb>(`sqlite:${join(stateDir, 'sealer.db')}`)
    await migrate(db, migrations)
    const { coordinatorEpoch, incarnation } = await begin(db, config)
    const outbox = await openOutbox(db, { name: 'sealer', now: now() })
    const sectors = new SectorStore(db, outbox)
    const pieces = new PieceStore(db, outbox)
    const facts = new HomeFacts()

    const crossing = createQueues({
      url: config.crossing.redis_url,
      name: 'crossing',
      tls: tlsOptions(tls),
      log,
      health,
    })
    const home = createQueues({ url: config.home.redis_url, name: 'home', tls: tlsOptions(tls), log, health })
    const miner = grpcClient(
      minerV1.MinerServiceDefinition,
      grpcChannel({ address: config.miner.grpc, tls, role: 'miner' }),
    )
    const verifier = lazyVerifier(facts)

    const sectorTools = { db, miner, queues: home, facts, verifier, coordinatorEpoch, now, signal }
    const sectorWaker = new Waker<number>({
      ...dueIn(db, 'sectors', 'sector_number'),
      work: async (sectorNumber) => {
        const moved = await advanceSector(sectorNumber, sectors, sectorTools, log)
        if (moved) void line.flush()
        return moved
      },
      concurrency: STEPS_AT_ONCE,
      log,
      now,
    })
    const nudgeSector = (sectorNumber: number) => {
      sectorWaker.nudge(sectorNumber)
      // A sector that moved may have freed a place.
      void lookAtPieces()
      void line.flush()
    }
    const pieceWaker = new Waker<string>({
      ...dueIn(db, 'pieces', 'deal_uuid'),
      work: async (dealUuid) => {
        const moved = await advancePiece(dealUuid, pieceTools)
        if (moved) void line.flush()
        return moved
      },
      concurrency: STEPS_AT_ONCE,
      log,
      now,
    })
    const pieceTools = {
      pieces,
      sectors,
      miner,
      facts,
      piecesDir,
      stateDir,
      piecesUrl: config.provider.pieces_url,
      tls,
      waitDealsMs: config.limits.wait_deals,
      incarnation,
      now,
      signal,
      nudgeSector,
      log: log.child({ room: 'intake' }),
    }
    const lookAtPieces = async () => {
      const waiting = db.selectFrom('pieces').select('deal_uuid').where('state', '=', 'Published')
      for (const { deal_uuid } of await waiting.orderBy('start_epoch').limit(100).execute())
        pieceWaker.nudge(deal_uuid)
    }
    const line = new CrossingLine({
      queues: crossing,
      outbox,
      tools: () =>
        facts.miner && {
          pieces,
          outbox,
          miner: facts.miner,
          now,
          signAsk: askSigner(miner, outbox, db, now),
        },
      arrived: (dealUuid) => pieceWaker.nudge(dealUuid),
      log: log.child({ room: 'crossing' }),
      now,
    })

    const work = workService({
      db,
      store: sectors,
      facts,
      now,
      nudge: nudgeSector,
      version,
      log: log.child({ room: 'claims' }),
    })
    const servers = [
      await serveGrpc({
        services: [grpcService(workV1.WorkServiceDefinition, work, ['worker'])],
        address: config.grpc.listen,
        tls,
        log,
      }),
      await serveHub({
        ...hostAndPort(config.hub.listen),
        tls,
        db,
        piecesDir,
        hubDir,
        log: log.child({ room: 'hub' }),
      }),
      await serveOperator({
        api: sealerOperator,
        handlers: operatorHandlers({
          store: sectors,
          facts,
          miner,
          queues: home,
          health,
          hubDir,
          incarnation,
          waitDealsMs: config.limits.wait_deals,
          now,
          signal,
          nudge: nudgeSector,
          lookAtPieces: () => void lookAtPieces(),
        }),
        socketPath: join(config.paths.runtime_dir, 'sealer.sock'),
        log,
      }),
    ]

    line.start()
    sectorWaker.start()
    pieceWaker.start()
    const timer = setInterval(() => {
      expireClaims(sectors, now)
        .then((late) => late.forEach(nudgeSector))
        .catch((error: unknown) => log.error('claims not looked at', { error }))
    }, EXPIRY_LOOK_MS)
    const following = followMiner({
      db,
      miner,
      facts,
      sectors,
      pieces,
      touched: (touched) => {
        touched.sectors.forEach(nudgeSector)
        for (const dealUuid of touched.pieces) pieceWaker.nudge(dealUuid)
        void line.flush()
      },
      lamp: health.room('miner'),
      log: log.child({ room: 'events' }),
      now,
      signal,
    })
    return new Coordinator(abort, {
      db,
      crossing,
      home,
      line,
      sectors: sectorWaker,
      pieces: pieceWaker,
      servers,
      timer,
      following,
    })
  }

  async stop(): Promise<void> {
    const { db, crossing, home, line, sectors, pieces, servers, timer, following } = this.parts
    this.abort.abort()
    clearInterval(timer)
    line.stop()
    await Promise.all([
      sectors.stop(STOP_GRACE_MS),
      pieces.stop(STOP_GRACE_MS),
      crossing.close(),
      home.close(),
      following,
      ...servers.map((server) => server.close()),
    ])
    await db.destroy()
  }
}

/** First rows, and a new coordinator epoch: an older coordinator's requests are told from ours. */
async function begin(db: Kysely<SealerDb>, config: SealerConfig) {
  return await writing(db, async (trx) => {
    const fact = async (name: string, make: (old: string | undefined) => string) => {
      const old = await trx.selectFrom('facts').select('value').where('name', '=', name).executeTakeFirst()
      const value = make(old?.value)
      await trx
        .insertInto('facts')
        .values({ name, value })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
        .execute()
      return value
    }
    const coordinatorEpoch = Number(await fact('coordinator-epoch', (old) => String(Number(old ?? 0) + 1)))
    const incarnation = await fact('incarnation', (old) => old ?? newIncarnation(Date.now()))
    await trx
      .insertInto('limits')
      .values({
        only_row: 1,
        enable_deal_sector: 0,
        deal_concurrent: 0,
        total_num: 0,
        in_flight_deals: 0,
        in_flight: 0,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    const { enable_deal_sector, deal_concurrent, total_num } = config.limits
    const limits = {
      enableDealSector: enable_deal_sector,
      dealConcurrent: deal_concurrent,
      totalNum: total_num,
    }
    await setLimits(trx, limits, Date.now())
    return { coordinatorEpoch, incarnation }
  })
}

/** The two index reads a waker lives on. */
function dueIn<Key extends 'sector_number' | 'deal_uuid'>(
  db: Kysely<SealerDb>,
  table: 'sectors' | 'pieces',
  key: Key,
) {
  type Value = Key extends 'sector_number' ? number : string
  return {
    due: async (nowMs: number): Promise<Value[]> => {
      const rows = await sql<{ key: Value }>`SELECT ${sql.ref(key)} AS key FROM ${sql.table(table)}
        WHERE wake_at <= ${nowMs} ORDER BY wake_at LIMIT 500`.execute(db)
      return rows.rows.map((row) => row.key)
    },
    nextWakeAt: async (nowMs: number): Promise<number | undefined> => {
      const rows = await sql<{ at: number | null }>`SELECT MIN(wake_at) AS at FROM ${sql.table(table)}
        WHERE wake_at > ${nowMs}`.execute(db)
      return rows.rows[0]?.at ?? undefined
    },
  }
}

/** Verifying keys are loaded when the first proof comes; they must be the network's. */
function lazyVerifier(facts: HomeFacts): () => Promise<Verifier> {
  let loading: Promise<Verifier> | undefined
  return () => {
    const keySet = devnetKeySet()
    const wanted = facts.miner?.keySetDigest
    if (wanted !== undefined && wanted !== keySet.digest) {
      halt(
        new HostError(
          {
            code: 'CONFIG',
            where: 'proof keys',
            reason: `network commits to ${wanted}, these are ${keySet.digest}`,
          },
          `proof keys ${keySet.digest.slice(0, 16)} are not the network’s (${wanted.slice(0, 16)}): install the same version everywhere`,
        ),
      )
    }
    loading ??= createVerifier({ keySet })
    return loading
  }
}

/** Has the miner sign an ask and puts the answer into the outbox; the same sequence again gives the same answer. */
function askSigner(
  miner: minerV1.MinerServiceClient,
  outbox: Outbox,
  db: Kysely<SealerDb>,
  now: () => number,
) {
  return async (sequence: number, ask: string) => {
    const bytes = new Uint8Array(Buffer.from(ask, 'base64'))
    const answer = await miner.signAsk({ requestId: `ask-${sequence}`, ask: bytes })
    const refused = answer.refusal !== undefined && answer.refusal.code !== ''
    const snapshot = {
      kind: 'askSigned',
      sequence,
      signedAsk: refused ? null : Buffer.from(answer.signedAsk).toString('base64'),
      refusal: refused ? (answer.refusal?.text ?? '') : null,
    }
    await writing(db, (trx) => outbox.put(trx, 'ask', snapshot, now()))
  }
}
