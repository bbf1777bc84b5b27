import type { Queues } from '@sealane/host'
import type { SectorEvent } from '@sealane/lifecycle'
import type { Verifier } from '@sealane/proofs'
import type { minerV1, Waiting } from '@sealane/proto'
import type { Kysely, Transaction } from 'kysely'
import type { HomeFacts } from '../events/home-facts.js'
import type { Piece, SealerDb, Sector } from '../sealer-db.js'
import type { SectorFacts } from './sector-store.js'

/** What a step may use. Only the miner knows the chain; only workers touch sector files. */
export interface StepTools {
  db: Kysely<SealerDb>
  miner: minerV1.MinerServiceClient
  queues: Queues
  facts: HomeFacts
  verifier: () => Promise<Verifier>
  coordinatorEpoch: number
  now: () => number
  signal: AbortSignal
}

/** How a step ends: the sector moves on, or it waits. A throw is a failure with a remedy. */
export type Outcome =
  | {
      event: SectorEvent
      facts?: SectorFacts
      detail?: string
      within?: (trx: Transaction<SealerDb>) => Promise<void>
    }
  | { wait: Omit<Waiting, 'sinceMs'>; wakeInMs: number | null }

export type Step = (sector: Sector, pieces: readonly Piece[], tools: StepTools) => Promise<Outcome>
