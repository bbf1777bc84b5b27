import { z } from 'zod'
import { WorkerError } from './worker-error.js'

const hash = z.string().regex(/^[0-9a-f]{64}$/)
const decimal = z.string().regex(/^\d{1,20}$/)

const sectorManifest = z.object({
  minerId: z.int().nonnegative(),
  sectorNumber: z.int().nonnegative(),
  sectorSize: z.int().positive(),
  prover: z.string().max(64),
  ticket: hash,
  ticketEpoch: z.int(),
  pieces: z.array(
    z.object({
      commP: hash,
      paddedSize: decimal,
      offset: decimal,
      filler: z.boolean(),
      pieceCid: z.string().max(128).nullable(),
    }),
  ),
  commD: hash,
  commR: hash.optional(),
  seed: hash.optional(),
})

/** Enough to unseal a sector and to rebuild its row from files and chain. Hashes are hex, sizes decimal. */
export type SectorManifest = z.output<typeof sectorManifest>

/** Reads a manifest's text; `path` is for the error. Throws WorkerError MANIFEST_WRONG (`hold`). */
export function parseSectorManifest(text: string, path: string): SectorManifest {
  const parsed = sectorManifest.safeParse(json(text))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const reason = `${issue?.path.join('.') || 'manifest'}: ${issue?.message ?? 'wrong'}`
  throw new WorkerError(
    { code: 'MANIFEST_WRONG', path, reason },
    `the manifest ${path} cannot be used (${reason}): restore it from a backup, or give the sector up`,
  )
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
