import type { SectorEvent } from '@sealane/lifecycle'
import type { Failure } from '@sealane/proto'
import { needsNewTicket, withoutProof, withoutTicket } from '../pipeline/forgotten.js'
import type { SectorFacts } from '../pipeline/sector-store.js'
import type { Sector } from '../sealer-db.js'
import type { ToldFacts, ToldStep } from './told-facts.js'

export interface ToldEvent {
  event: SectorEvent
  facts: SectorFacts
  failure?: Failure
}

/** What the miner's word makes of a sector as it stands; undefined when the row already shows it, or has outgrown it. Pure. */
export function nextToldEvent(sector: Sector, told: ToldFacts): ToldEvent | undefined {
  switch (sector.state) {
    case 'SubmitPreCommit':
    case 'PreCommitWait':
      return preCommitEnded(sector, told)
    case 'WaitSeed':
      return preCommitReverted(sector, told) ?? seedReady(sector, told)
    case 'Commit1':
    case 'Commit2':
      return preCommitReverted(sector, told) ?? seedChanged(sector, told)
    case 'SubmitProveCommit':
    case 'ProveCommitWait':
      return proveCommitEnded(sector, told) ?? preCommitReverted(sector, told) ?? seedChanged(sector, told)
    case 'FinalizeSector':
    case 'Proving':
      return proveCommitReverted(sector, told)
    default:
      return undefined
  }
}

function preCommitEnded(sector: Sector, { preCommit }: ToldFacts): ToldEvent | undefined {
  // The miner may tell of a request before our own step has noted that it was taken.
  const waiting = sector.state === 'PreCommitWait'
  const asked = waiting ? sector.pre_commit_turn : sector.turn
  if (preCommit === undefined || asked === null || preCommit.turn !== asked) return undefined
  const { landed, lost } = preCommit
  if (landed !== null) {
    const facts = {
      pre_commit_turn: asked,
      ...(landed.messageCid === '' ? {} : { pre_commit_cid: landed.messageCid }),
      pre_commit_epoch: landed.preCommitEpoch,
      seed_epoch: landed.seedEpoch,
    }
    return { event: 'preCommitLanded', facts }
  }
  if (lost === null || !waiting) return undefined
  if (needsNewTicket(lost.code)) return { event: 'ticketExpired', facts: withoutTicket, failure: lost }
  return { event: parks(lost) ? 'held' : 'preCommitLost', facts: {}, failure: lost }
}

function proveCommitEnded(sector: Sector, { proveCommit }: ToldFacts): ToldEvent | undefined {
  const waiting = sector.state === 'ProveCommitWait'
  const asked = waiting ? sector.prove_commit_turn : sector.turn
  if (proveCommit === undefined || asked === null || proveCommit.turn !== asked) return undefined
  const { landed, lost } = proveCommit
  if (landed !== null) {
    const facts = {
      prove_commit_turn: asked,
      // A miner restored from an older backup knows that it landed, not by which message.
      ...(landed.messageCid === '' ? {} : { prove_commit_cid: landed.messageCid }),
      activation_epoch: landed.activationEpoch,
      expiration: landed.expiration,
      deadline: landed.deadline,
      partition: landed.partition,
    }
    return { event: 'proveCommitLanded', facts }
  }
  if (lost === null || !waiting) return undefined
  return { event: parks(lost) ? 'held' : 'proveCommitLost', facts: {}, failure: lost }
}

/** A sector that has used its PreCommit, and the miner says that a reorg took the message back. */
function preCommitReverted(sector: Sector, { preCommit }: ToldFacts): ToldEvent | undefined {
  if (!isUndone(preCommit, sector.pre_commit_turn)) return undefined
  return { event: 'preCommitReverted', facts: { pre_commit_turn: preCommit.turn ?? sector.pre_commit_turn } }
}

function proveCommitReverted(sector: Sector, { proveCommit }: ToldFacts): ToldEvent | undefined {
  if (!isUndone(proveCommit, sector.prove_commit_turn)) return undefined
  const facts = {
    prove_commit_turn: proveCommit.turn ?? sector.prove_commit_turn,
    activation_epoch: null,
    expiration: null,
    window_post_cid: null,
    proven_epoch: null,
  }
  return { event: 'proveCommitReverted', facts }
}

/** The seed of the PreCommit that landed last; a proof made for this very seed stays good. */
function seedReady(sector: Sector, { preCommit, seed }: ToldFacts): ToldEvent | undefined {
  const wanted = preCommit?.landed?.seedEpoch ?? sector.seed_epoch
  if (seed === undefined || seed.seedEpoch !== wanted) return undefined
  const known = { seed: seed.seed, seed_epoch: seed.seedEpoch, pre_commit_epoch: seed.preCommitEpoch }
  return { event: 'seedReady', facts: seed.seed === sector.seed ? known : { ...known, ...withoutProof } }
}

function seedChanged(sector: Sector, { seed }: ToldFacts): ToldEvent | undefined {
  if (seed === undefined || seed.seed === sector.seed) return undefined
  const known = { seed: seed.seed, seed_epoch: seed.seedEpoch, pre_commit_epoch: seed.preCommitEpoch }
  return { event: 'seedChanged', facts: { ...known, ...withoutProof } }
}

/** The row is past this step's landing, the miner's last word on it is not: reverted, or lost after that. */
function isUndone<Landed>(
  step: ToldStep<Landed> | undefined,
  landedTurn: number | null,
): step is ToldStep<Landed> {
  if (step === undefined || step.landed !== null) return false
  return step.turn === null || landedTurn === null || step.turn >= landedTurn
}

const parks = ({ remedy }: Failure): boolean => remedy === 'hold' || remedy === 'drop'
