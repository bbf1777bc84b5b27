import type { Health, Queues } from '@sealane/host'
import type { SectorNumbers } from '../admission/sector-numbers.js'
import type { HomeFacts } from '../events/home-facts.js'
import type { Dirs } from '../hub/hub-paths.js'
import type { PieceStore } from '../intake/piece-store.js'
import type { SectorStore } from '../pipeline/sector-store.js'

/** What an operator's call may use. */
export interface OperatorTools {
  store: SectorStore
  pieces: PieceStore
  facts: HomeFacts
  numbers: SectorNumbers
  queues: Queues
  health: Health
  dirs: Dirs
  now: () => number
  signal: AbortSignal
  nudgeSector: (sectorNumber: number) => void
  nudgePiece: (dealUuid: string) => void
  /** Limits changed: look at waiting deals. */
  lookAtLine: () => void
}
