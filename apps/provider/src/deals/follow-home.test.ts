import type { DealProgress } from '@sealane/jobs'
import { describe, expect, it } from 'vitest'
import { dealStateAt, eventsTo } from './follow-home.js'

const progress = (pieceState: string, publicationState: string | null = null) =>
  ({ pieceState, publicationState }) as DealProgress

describe('following what home says of a deal', () => {
  it('goes through every state that a snapshot skipped', () => {
    expect(eventsTo('Transferred', 'Active')).toEqual([
      'arrivedHome',
      'published',
      'sealingStarted',
      'activated',
    ])
    expect(eventsTo('Transferred', 'Publishing')).toEqual(['arrivedHome', 'publishSent'])
  })

  it('goes back when the chain did', () => {
    expect(eventsTo('Published', 'AtHome')).toEqual(['publishLost', 'publishLost'])
    expect(eventsTo('Active', 'Sealing')).toEqual(['deactivated'])
    expect(eventsTo('Sealing', 'Published')).toEqual(['sealingUndone'])
  })

  it('does nothing where it stands already', () => {
    expect(eventsTo('Sealing', 'Sealing')).toEqual([])
  })

  it('ends a deal whose piece home has dropped, from wherever it was', () => {
    expect(eventsTo('Transferred', 'Failed')).toEqual(['failed'])
    expect(eventsTo('Active', 'Failed')).toEqual(['deactivated', 'failed'])
  })

  it('never wakes the dead, nor takes bytes back from home', () => {
    expect(eventsTo('Failed', 'Active')).toBeUndefined()
    expect(eventsTo('AtHome', 'Transferred')).toBeUndefined()
    expect(eventsTo('Transferring', 'AtHome')).toBeUndefined()
  })

  it.each([
    ['Offered', null, 'Transferred'],
    ['Home', null, 'AtHome'],
    ['Publishing', 'Queued', 'AtHome'],
    ['Publishing', 'Sent', 'Publishing'],
    ['Published', 'Published', 'Published'],
    ['InSector', 'Published', 'Sealing'],
    ['Sealed', 'Published', 'Active'],
    ['Dropped', null, 'Failed'],
    ['Held', null, undefined],
  ] as const)('a piece %s (publication %s) is a deal %s', (piece, publication, state) => {
    expect(dealStateAt(progress(piece, publication))).toBe(state)
  })
})
