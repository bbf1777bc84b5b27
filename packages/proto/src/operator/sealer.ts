import { z } from 'zod'
import { nothing, operatorApi } from './operator-api.js'
import { decimal, failure, health, timestampMs, waiting } from './shapes.js'

export const sectorPieceRow = z.object({
  dealUuid: z.string().nullable(),
  pieceCid: z.string(),
  pieceSize: decimal,
  offset: decimal,
  dealId: z.int().nullable(),
})

export const sectorRow = z.object({
  sectorNumber: z.int(),
  state: z.string(),
  stateSinceMs: timestampMs,
  turn: z.int(),
  waiting: waiting.nullable(),
  failure: failure.nullable(),
  committedCapacity: z.boolean(),
  prover: z.string(),
  pieces: z.array(sectorPieceRow),
  storageId: z.string().nullable(),
  ticketEpoch: z.int().nullable(),
  ticket: z.string().nullable(),
  seedEpoch: z.int().nullable(),
  seed: z.string().nullable(),
  commD: z.string().nullable(),
  commR: z.string().nullable(),
  preCommitCid: z.string().nullable(),
  preCommitEpoch: z.int().nullable(),
  proveCommitCid: z.string().nullable(),
  activationEpoch: z.int().nullable(),
  expiration: z.int().nullable(),
  deadline: z.int().nullable(),
  partition: z.int().nullable(),
  provenEpoch: z.int().nullable(),
  windowPostCid: z.string().nullable(),
  progress: z.object({ stage: z.string(), fraction: z.number().nullable() }).nullable(),
})
export type SectorRow = z.infer<typeof sectorRow>

export const pieceRow = z.object({
  dealUuid: z.string(),
  pieceCid: z.string(),
  pieceSize: decimal,
  state: z.string(),
  stateSinceMs: timestampMs,
  waiting: waiting.nullable(),
  failure: failure.nullable(),
  proposalCid: z.string(),
  publishCid: z.string().nullable(),
  dealId: z.int().nullable(),
  sectorNumber: z.int().nullable(),
})
export type PieceRow = z.infer<typeof pieceRow>

export const limitsRow = z.object({
  enableDealSector: z.boolean(),
  dealConcurrent: z.int().nonnegative(),
  totalNum: z.int().nonnegative(),
  inFlightDealSectors: z.int().nonnegative(),
  inFlightSectors: z.int().nonnegative(),
})
export type LimitsRow = z.infer<typeof limitsRow>

export const sealerOperator = operatorApi({
  health: { permission: 'read', params: nothing, result: health },
  status: {
    permission: 'read',
    params: nothing,
    result: z.object({
      miner: z.string(),
      sectorSize: decimal,
      headEpoch: z.int().nullable(),
      limits: limitsRow,
    }),
  },
  'pieces.list': { permission: 'read', params: nothing, result: z.array(pieceRow) },
  /** Lets a Held piece try again: from the crossing, or from admission if it is published. */
  'pieces.release': { permission: 'write', params: z.object({ dealUuid: z.string() }), result: pieceRow },
  'sectors.list': {
    permission: 'read',
    params: z.object({
      state: z.string().optional(),
      after: z.int().optional(),
      limit: z.int().positive().max(10_000).optional(),
    }),
    result: z.array(sectorRow),
  },
  'sectors.get': { permission: 'read', params: z.object({ sectorNumber: z.int() }), result: sectorRow },
  'sectors.log': {
    permission: 'read',
    params: z.object({ sectorNumber: z.int() }),
    result: z.array(
      z.object({ atMs: timestampMs, event: z.string(), state: z.string(), detail: z.string() }),
    ),
  },
  'sectors.pledge': {
    permission: 'write',
    params: z.object({ requestId: z.string().optional() }),
    result: z.object({ sectorNumber: z.int() }),
  },
  'sectors.seal': { permission: 'write', params: z.object({ sectorNumber: z.int() }), result: sectorRow },
  /** Retries a Held sector from the stage that held it. */
  'sectors.release': { permission: 'write', params: z.object({ sectorNumber: z.int() }), result: sectorRow },
  /** Unseals `length` unpadded bytes from `offset` of a proven sector into a file on the coordinator's host. */
  'sectors.unseal': {
    permission: 'write',
    params: z.object({ sectorNumber: z.int(), offset: decimal, length: decimal, path: z.string() }),
    result: z.object({ bytes: decimal }),
  },
  'sealing.jobs': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({
        claimId: z.string(),
        sectorNumber: z.int(),
        task: z.string(),
        workerId: z.string(),
        hostname: z.string(),
        state: z.string(),
        startedMs: timestampMs,
        progress: z.object({ stage: z.string(), fraction: z.number().nullable() }).nullable(),
      }),
    ),
  },
  'sealing.workers': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({
        workerId: z.string(),
        hostname: z.string(),
        tasks: z.array(z.string()),
        concurrency: z.record(z.string(), z.int()),
        paths: z.array(z.string()),
        prover: z.string(),
        version: z.string(),
        lastSeenMs: timestampMs,
        alive: z.boolean(),
        /** What it does beside claims: making proof parameters. */
        progress: z.object({ stage: z.string(), fraction: z.number().nullable() }).nullable(),
      }),
    ),
  },
  /** Storage paths as the workers that serve them last described them. */
  'storage.list': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({
        storageId: z.string(),
        canSeal: z.boolean(),
        canStore: z.boolean(),
        freeBytes: decimal,
        /** Sectors whose files lie there. */
        sectors: z.array(z.int()),
        workerId: z.string(),
        hostname: z.string(),
        alive: z.boolean(),
      }),
    ),
  },
  'sealing.setLimits': {
    permission: 'write',
    params: z.object({
      enableDealSector: z.boolean().optional(),
      dealConcurrent: z.int().nonnegative().optional(),
      totalNum: z.int().nonnegative().optional(),
    }),
    result: limitsRow,
  },
  /** Every change of the in-flight counts, oldest first: shows that a limit was never exceeded. */
  'sealing.limitsLog': {
    permission: 'read',
    params: nothing,
    result: z.array(
      z.object({
        atMs: timestampMs,
        event: z.string(),
        sectorNumber: z.int().nullable(),
        inFlightDealSectors: z.int(),
        dealConcurrent: z.int(),
      }),
    ),
  },
})
