import { z } from 'zod'
import { kind } from './kind.js'

const sectorTurn = z.object({
  sectorNumber: z.int().nonnegative(),
  /** Counts transitions of the row; a job of an older turn is stale. */
  turn: z.int().nonnegative(),
  /** Counts the retries of one turn. */
  tries: z.int().nonnegative(),
})

const sectorId = (p: z.output<typeof sectorTurn>) => `s${p.sectorNumber}-t${p.turn}-${p.tries}`

/** Stages bound to the files of one storage path have one queue per path. */
const onPath = (stage: string) => (storageId: string) =>
  kind({ queue: `seal.${stage}.${storageId}`, payload: sectorTurn, id: sectorId })

export const sealPreCommit1 = kind({ queue: 'seal.pc1', payload: sectorTurn, id: sectorId })
export const sealPreCommit2 = onPath('pc2')
export const sealCommit1 = onPath('c1')
/** C2 goes anywhere: its input is fetched from the coordinator's hub. */
export const sealCommit2 = kind({ queue: 'seal.c2', payload: sectorTurn, id: sectorId })
export const sealFinalize = onPath('finalize')
export const sealUnseal = onPath('unseal')

const partitionTurn = z.object({
  miner: z.string(),
  periodStart: z.int(),
  deadline: z.int().nonnegative(),
  partition: z.int().nonnegative(),
  turn: z.int().nonnegative(),
  tries: z.int().nonnegative(),
})

const partitionId = (p: z.output<typeof partitionTurn>) =>
  `p${p.periodStart}-${p.deadline}-${p.partition}-t${p.turn}-${p.tries}`

/** Reads vanilla proofs where the sectors lie: one queue per storage path. */
export const postVanilla = (storageId: string) =>
  kind({ queue: `post.vanilla.${storageId}`, payload: partitionTurn, id: partitionId })
export const postSnark = kind({ queue: 'post.snark', payload: partitionTurn, id: partitionId })
