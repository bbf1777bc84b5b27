import { knows, type SectorState, sectorTransitions } from '@sealane/lifecycle'
import { describe, expect, it } from 'vitest'
import type { Sector } from '../sealer-db.js'
import { nextToldEvent } from './next-told-event.js'
import type { ToldFacts } from './told-facts.js'

const failure = (code: string, remedy: 'retry' | 'hold') => ({ code, remedy, text: code })
const landedPreCommit = { messageCid: 'cid', preCommitEpoch: 50, seedEpoch: 200 }
const landedProveCommit = {
  messageCid: 'cid',
  activationEpoch: 300,
  expiration: 900,
  deadline: 0,
  partition: 0,
  activeDeals: [],
  inactiveDeals: [],
}
const ended = <Landed>(landed: Landed) =>
  [9, 10, 11, null].flatMap((turn) => [
    { turn, landed, lost: null },
    { turn, landed: null, lost: null },
    { turn, landed: null, lost: failure('MESSAGE_FAILED', 'retry') },
    { turn, landed: null, lost: failure('MESSAGE_FAILED', 'hold') },
    { turn, landed: null, lost: failure('TICKET_EXPIRED', 'retry') },
  ])
const preCommits: ToldFacts['preCommit'][] = [undefined, ...ended(landedPreCommit)]
const proveCommits: ToldFacts['proveCommit'][] = [undefined, ...ended(landedProveCommit)]
const seeds: ToldFacts['seed'][] = [
  undefined,
  { seedEpoch: 200, seed: 'aa', preCommitEpoch: 50 },
  { seedEpoch: 201, seed: 'bb', preCommitEpoch: 51 },
]

describe('what the miner told', () => {
  it('never asks of a sector what its state does not know, whatever was told', () => {
    for (const state of Object.keys(sectorTransitions) as SectorState[]) {
      for (const turns of [null, 9, 10]) {
        const sector = {
          state,
          turn: 10,
          pre_commit_turn: turns,
          prove_commit_turn: turns,
          seed: 'aa',
          seed_epoch: 200,
        } as Sector
        for (const preCommit of preCommits)
          for (const proveCommit of proveCommits)
            for (const seed of seeds) {
              const event = nextToldEvent(sector, { preCommit, proveCommit, seed })?.event
              if (event !== undefined)
                expect(knows(sectorTransitions, state, event), `${state} ${event}`).toBe(true)
            }
      }
    }
  })
})
