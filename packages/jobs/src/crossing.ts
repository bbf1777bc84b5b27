import { z } from 'zod'
import { kind } from './kind.js'

/** Bytes a crossing job may have, as JSON. A signed proposal is < 4 KiB; home refuses anything larger unread. */
export const crossingJobMaxBytes = 64 * 1024

const cid = z
  .string()
  .min(10)
  .max(128)
  .regex(/^[a-z0-9]+$/)
const base64 = z
  .string()
  .max(16_384)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/)
const decimal = z.string().max(40).regex(/^\d+$/)
const epoch = z.int().nonnegative()
const id = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9._-]+$/)

/** `<name>~<incarnation>` of the sender's database: a database born later has a greater incarnation. */
const sender = z.string().regex(/^[a-z0-9.-]{1,64}~[0-9a-f]{28}$/)

const acknowledgement = z.object({ sender, subject: id, sequence: z.int().nonnegative() })

/** "I have committed these": the only thing that ends an outbox row. */
const acknowledgements = z.object({
  kind: z.literal('acknowledgements'),
  of: z.array(acknowledgement).max(200),
})

/**
 * A verified piece waits abroad. CIDs, sizes and the client's signed words only: home builds the URL of the bytes from its own
 * configuration (`/pieces/<pieceCid>/<payloadSize>`), so a stolen box abroad cannot point home anywhere.
 */
const dealOffered = z.object({
  kind: z.literal('dealOffered'),
  dealUuid: z.guid(),
  /** CBOR ClientDealProposal, base64. */
  signedProposal: base64,
  pieceCid: cid,
  pieceSize: decimal,
  /** Raw bytes before padding. */
  payloadSize: decimal,
})

/** The deal ended abroad before home took it (start epoch passed, operator cancelled). */
const dealWithdrawn = z.object({
  kind: z.literal('dealWithdrawn'),
  dealUuid: z.guid(),
  reason: z.string().max(500),
})

/** The operator abroad wants this ask signed at home. */
const askWanted = z.object({
  kind: z.literal('askWanted'),
  sequence: z.int().nonnegative(),
  /** CBOR StorageAsk, base64. */
  ask: base64,
})

/** Full snapshot of what home knows of a deal. */
const dealProgress = z.object({
  kind: z.literal('dealProgress'),
  dealUuid: z.guid(),
  /** Piece lifecycle state at home. */
  pieceState: z.string().max(32),
  /** Publication lifecycle state, null before publishing was asked. */
  publicationState: z.string().max(32).nullable(),
  sectorNumber: z.int().nonnegative().nullable(),
  sectorState: z.string().max(32).nullable(),
  publishCid: cid.nullable(),
  dealId: z.int().nonnegative().nullable(),
  preCommitCid: cid.nullable(),
  proveCommitCid: cid.nullable(),
  windowPostCid: cid.nullable(),
  activeEpoch: epoch.nullable(),
  provenEpoch: epoch.nullable(),
  failure: z
    .object({
      code: z.string().max(64),
      remedy: z.enum(['retry', 'hold', 'drop', 'halt']),
      text: z.string().max(1000),
    })
    .nullable(),
  waitingFor: z.string().max(300).nullable(),
})

const askSigned = z.object({
  kind: z.literal('askSigned'),
  sequence: z.int().nonnegative(),
  /** CBOR SignedStorageAsk, base64; null when home refused, with the reason. */
  signedAsk: base64.nullable(),
  refusal: z.string().max(500).nullable(),
})

const envelope = {
  sender,
  subject: id,
  /** Grows with each snapshot of the subject; lower ones are acknowledged and ignored. */
  sequence: z.int().nonnegative(),
  /** Counts re-adds of the same snapshot, so that each has its own job id. */
  tries: z.int().nonnegative(),
}

const crossingId = (p: { sender: string; subject: string; sequence: number; tries: number }) =>
  `${p.sender}-${p.subject}-${p.sequence}-${p.tries}`

/** Provider → home. Home treats every one as hostile. */
export const homeward = kind({
  queue: 'homeward',
  payload: z.object({
    ...envelope,
    message: z.discriminatedUnion('kind', [dealOffered, dealWithdrawn, askWanted, acknowledgements]),
  }),
  id: crossingId,
})

/** Home → provider. */
export const outward = kind({
  queue: 'outward',
  payload: z.object({
    ...envelope,
    message: z.discriminatedUnion('kind', [dealProgress, askSigned, acknowledgements]),
  }),
  id: crossingId,
})

export type HomewardMessage = z.output<typeof homeward.payload>['message']
export type OutwardMessage = z.output<typeof outward.payload>['message']
export type DealProgress = z.output<typeof dealProgress>
