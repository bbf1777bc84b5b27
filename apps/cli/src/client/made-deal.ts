import { z } from 'zod'

export const madeDeal = z.object({
  dealUuid: z.string(),
  proposalCid: z.string(),
  signedProposalCid: z.string(),
  pieceCid: z.string(),
  pieceSize: z.string().regex(/^\d{1,20}$/),
  sizeBytes: z.int().nonnegative(),
  provider: z.string(),
  startEpoch: z.int(),
  endEpoch: z.int(),
  path: z.string(),
  offset: z.int().nonnegative(),
  madeMs: z.number(),
  client: z.string(),
  /** attoFIL per epoch for the whole piece. */
  pricePerEpoch: z.string().regex(/^-?\d{1,40}$/),
  verified: z.boolean(),
  offline: z.boolean(),
  /** Absent: accepted. `none`: it was sent, and nobody knows what the provider made of it. */
  answer: z.enum(['none', 'refused']).optional(),
})

/** A deal the client made: what it keeps to ask about it later. */
export type MadeDeal = z.output<typeof madeDeal>
