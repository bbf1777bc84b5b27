import { type Fault, type FaultKind, faultKinds, moments, type Scheduled, services } from './fault.js'
import { Random } from './random.js'

/** A claim lives this long in a chaos run: short, so that what outlives it is short too. Unit: ms. */
export const leaseMs = 6_000
/** And a queue's lock on a job so long. Unit: ms. */
export const lockMs = 5_000

/** A supervisor gives a service up after five deaths in a minute. */
const deathsEach = 3

export interface RoundPlan {
  readonly deals: number
  readonly dealConcurrent: number
  readonly faults: readonly Scheduled[]
}

/** What one round does, from its seed alone. `only`: the kinds of fault that may be chosen. */
export function planRound(seed: number, only: readonly FaultKind[] = faultKinds): RoundPlan {
  const random = new Random(seed)
  const deals = random.between(2, 3)
  const dealConcurrent = random.between(1, 2)
  const deaths = new Map<string, number>()
  const faults: Scheduled[] = []
  for (let left = random.between(3, 7); left > 0; left -= 1) {
    const fault = makeFault(random.pick(only), random)
    const dies = fault.kind === 'kill' || fault.kind === 'restart' ? fault.service : undefined
    if (dies !== undefined) {
      const before = deaths.get(dies) ?? 0
      if (before >= deathsEach) continue
      deaths.set(dies, before + 1)
    }
    faults.push({ after: random.pick(moments), delayMs: random.between(0, 2_500), fault })
  }
  return { deals, dealConcurrent, faults }
}

function makeFault(kind: FaultKind, random: Random): Fault {
  const service = random.pick(services)
  const redis = random.pick(['crossing', 'home'] as const)
  switch (kind) {
    case 'kill':
    case 'restart':
      return { kind, service }
    case 'stop': {
      return { kind, service, forMs: Math.max(leaseMs, lockMs) + random.between(500, 2_500) }
    }
    case 'redis-kill':
    case 'redis-wipe':
      return { kind, redis }
    case 'redis-stop':
      return { kind, redis, forMs: random.between(1_000, 8_000) }
    case 'redis-rollback':
      return { kind, redis, afterMs: random.between(500, 4_000) }
    case 'cut':
    case 'half-open':
      return { kind, forMs: random.between(1_000, 8_000) }
    case 'one-way':
      return {
        kind,
        swallowed: random.pick(['homeward', 'outward'] as const),
        forMs: random.between(1_000, 8_000),
      }
    case 'delay':
      return { kind, delayMs: random.between(100, 600), forMs: random.between(3_000, 10_000) }
    case 'null-rounds':
      return { kind, rounds: random.between(1, 12) }
    case 'reorg':
      return { kind, depth: random.between(1, 5), withhold: random.chance(0.5) }
  }
}
