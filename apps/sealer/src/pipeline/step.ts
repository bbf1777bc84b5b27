import type { SectorEvent } from '@sealane/lifecycle'
import type { Verifier } from '@sealane/proofs'
import type { Failure, minerV1, Waiting } from '@sealane/proto'
import type { Kysely } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import type { JobLine } from './job-line.js'
import type { SectorFacts } from './sector-store.js'

/** What a step may use. Only the miner knows the chain; only workers touch sector files. */
export interface StepTools {
  db: Kysely<SealerDb>
  miner: minerV1.MinerServiceClient
  jobs: JobLine
  facts: HomeFacts
  verifier: () => Promise<Verifier>
  coordinatorEpoch: number
  /** Folders of the coordinator's own files. */
  dirs: { state: string; pieces: string; hub: string }
  /** A job that no worker has taken is added again after this long. Unit: ms. */
  requeueAfterMs: number
  now: () => number
  signal: AbortSignal
}

/** How a step ends. A throw is a failure with a remedy. */
export type Outcome =
  /** The sector moves on. */
  | { event: SectorEvent; facts?: SectorFacts; detail?: string; failure?: Failure }
  /** It waits; null: an event wakes it. */
  | { wait: Omit<Waiting, 'sinceMs'>; wakeInMs: number | null }
  /** Nothing is left to do in this state. */
  | { rest: true }
  /** The miner holds a newer turn of this step than our database knows. */
  | { heldTurn: number }

export type Step = (sector: Sector, pieces: readonly Piece[], tools: StepTools) => Promise<Outcome>
