import type { SectorState } from '@sealane/lifecycle'
import type { Step } from '../step.js'
import { commit1 } from './commit-1.js'
import { commit2 } from './commit-2.js'
import { finalizeSector } from './finalize-sector.js'
import { getTicket } from './get-ticket.js'
import { packing } from './packing.js'
import { preCommit1 } from './pre-commit-1.js'
import { preCommit2 } from './pre-commit-2.js'
import { preCommitWait } from './pre-commit-wait.js'
import { proveCommitWait } from './prove-commit-wait.js'
import { proving } from './proving.js'
import { submitPreCommit } from './submit-pre-commit.js'
import { submitProveCommit } from './submit-prove-commit.js'
import { waitDeals } from './wait-deals.js'
import { waitSeed } from './wait-seed.js'

/** Each state's work. A state that only a person ends has none. */
export const steps = {
  WaitDeals: waitDeals,
  Packing: packing,
  GetTicket: getTicket,
  PreCommit1: preCommit1,
  PreCommit2: preCommit2,
  SubmitPreCommit: submitPreCommit,
  PreCommitWait: preCommitWait,
  WaitSeed: waitSeed,
  Commit1: commit1,
  Commit2: commit2,
  SubmitProveCommit: submitProveCommit,
  ProveCommitWait: proveCommitWait,
  FinalizeSector: finalizeSector,
  Proving: proving,
  Held: undefined,
  Removed: undefined,
} as const satisfies Record<SectorState, Step | undefined>
