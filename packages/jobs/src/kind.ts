import type { z } from 'zod'

/**
 * One kind of job: its queue, what its payload must look like, and the id that makes adding it twice harmless.
 * A job only says "look at row X, turn T": the row is the truth. BullMQ ids may not contain ':' and an id is
 * forgotten only when its job ends, so ids carry row, turn and try.
 */
export interface JobKind<Payload extends z.ZodType = z.ZodType> {
  queue: string
  payload: Payload
  id: (payload: z.output<Payload>) => string
}

export type PayloadOf<Kind extends JobKind> = z.output<Kind['payload']>

export function kind<Payload extends z.ZodType>(definition: JobKind<Payload>): JobKind<Payload> {
  return definition
}
