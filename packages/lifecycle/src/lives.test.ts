import { describe, expect, it } from 'vitest'
import {
  diagram,
  faults,
  inFlightStates,
  lives,
  messageTransitions,
  next,
  sectorTransitions,
  WrongTransition,
} from './index.js'

describe.each(Object.entries(lives))('the life of a %s', (name, life) => {
  it('reaches every state, and none is a trap', () => {
    expect(faults(life.table, life.initial, life.final)).toEqual({ unreachable: [], trapped: [] })
  })
  it('names only states it has', () => {
    const states = new Set(Object.keys(life.table))
    for (const row of Object.values(life.table))
      for (const to of Object.values(row)) expect(states).toContain(to)
    for (const state of [...life.initial, ...life.final]) expect(states).toContain(state)
  })
  it('is drawn with each of its transitions', () => {
    const drawn = diagram(life.table, life.initial, life.final)
    const count = Object.values(life.table).reduce((sum, row) => sum + Object.keys(row).length, 0)
    expect(drawn.match(/: /g)?.length, name).toBe(count)
  })
})

describe('the trap checker', () => {
  it('finds a state nobody reaches and a state nobody leaves', () => {
    const table = { A: { go: 'B' }, B: {}, C: { go: 'B' }, D: {} } as const
    expect(faults<'A' | 'B' | 'C' | 'D', 'go'>(table, ['A'], ['B'])).toEqual({
      unreachable: ['C', 'D'],
      trapped: ['D'],
    })
  })
})

describe('the life of a sector', () => {
  it('goes back for a new ticket when the ticket expires before PreCommit', () => {
    expect(next('sector', sectorTransitions, 'SubmitPreCommit', 'ticketExpired')).toBe('GetTicket')
  })
  it('refuses a proof before the seed is drawn', () => {
    expect(() => next('sector', sectorTransitions, 'WaitSeed', 'commit2Done')).toThrow(WrongTransition)
  })
  it('is in flight until its ProveCommit proof exists, no longer', () => {
    expect(inFlightStates).toContain('Commit2')
    expect(inFlightStates).not.toContain('SubmitProveCommit')
  })
})

describe('the life of a message', () => {
  it('is pushed again, not signed again, when a reorg takes it off the chain', () => {
    expect(next('message', messageTransitions, 'Included', 'reverted')).toBe('Pushed')
    expect(() => next('message', messageTransitions, 'Pushed', 'signed')).toThrow(WrongTransition)
  })
})
