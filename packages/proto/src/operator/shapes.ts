import { z } from 'zod'

/** attoFIL or a byte count as a decimal string: JSON has no bigint. */
export const decimal = z.string().regex(/^-?\d+$/)

/** Unix milliseconds. */
export const timestampMs = z.int()

/** Why a thing waits: for what, since when, until when, and who must act. Absent when nothing waits. */
export const waiting = z.object({
  for: z.string(),
  who: z.string(),
  sinceMs: timestampMs.nullable(),
  untilEpoch: z.int().nullable(),
})
export type Waiting = z.infer<typeof waiting>

/** The last error a row met, with what to do about it. */
export const failure = z.object({
  code: z.string(),
  remedy: z.enum(['retry', 'hold', 'drop', 'halt']),
  text: z.string(),
})
export type Failure = z.infer<typeof failure>

export const healthRoom = z.object({ room: z.string(), ok: z.boolean(), reason: z.string() })
export const health = z.object({ ok: z.boolean(), rooms: z.array(healthRoom) })
