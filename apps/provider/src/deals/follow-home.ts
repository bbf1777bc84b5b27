import type { DealProgress } from '@sealane/jobs'
import { type DealEvent, type DealState, dealTransitions } from '@sealane/lifecycle'

/** Events by which home moves a deal forward or back; `failed` is added when home has dropped the piece. */
const homeEvents: readonly DealEvent[] = [
  'arrivedHome',
  'publishSent',
  'publishLost',
  'published',
  'sealingStarted',
  'sealingUndone',
  'activated',
  'deactivated',
]

/** Where home's snapshot puts a deal; undefined when it says nothing of it (a held piece stays where it was). */
export function dealStateAt(progress: DealProgress): DealState | undefined {
  switch (progress.pieceState) {
    case 'Offered':
    case 'Pulling':
      return 'Transferred'
    case 'Home':
      return 'AtHome'
    case 'Publishing':
      return progress.publicationState === 'Sent' ? 'Publishing' : 'AtHome'
    case 'Published':
      return 'Published'
    case 'InSector':
      return 'Sealing'
    case 'Sealed':
      return 'Active'
    case 'Dropped':
      return 'Failed'
    default:
      return undefined
  }
}

/**
 * The events that lead a deal from its state to where home says it is: snapshots may skip states, the table may not.
 * Undefined when no events lead there: an ended deal stays ended, whatever is said.
 */
export function eventsTo(from: DealState, to: DealState): DealEvent[] | undefined {
  const allowed = to === 'Failed' ? [...homeEvents, 'failed' as const] : homeEvents
  const ways: { state: DealState; events: DealEvent[] }[] = [{ state: from, events: [] }]
  const seen = new Set<DealState>([from])
  for (const way of ways) {
    if (way.state === to) return way.events
    for (const event of allowed) {
      const state = dealTransitions[way.state][event]
      if (state === undefined || seen.has(state)) continue
      seen.add(state)
      ways.push({ state, events: [...way.events, event] })
    }
  }
  return undefined
}
