/** Processes of the stack that may be hurt. */
export const services = ['provider', 'sealer', 'miner', 'worker-1', 'worker-2', 'devnet'] as const
export type ServiceName = (typeof services)[number]

/** The two queue servers: abroad, and at home. */
export type RedisName = 'crossing' | 'home'

/** What is done to the stack. Durations in ms. */
export type Fault =
  /** SIGKILL; the supervisor starts it again. */
  | { readonly kind: 'kill'; readonly service: ServiceName }
  /** SIGSTOP, and SIGCONT later: longer than a claim and than a queue's lock. */
  | { readonly kind: 'stop'; readonly service: ServiceName; readonly forMs: number }
  /** SIGTERM; the supervisor starts it again. */
  | { readonly kind: 'restart'; readonly service: ServiceName }
  | { readonly kind: 'redis-kill'; readonly redis: RedisName }
  | { readonly kind: 'redis-stop'; readonly redis: RedisName; readonly forMs: number }
  /** FLUSHALL. */
  | { readonly kind: 'redis-wipe'; readonly redis: RedisName }
  /** Its append-only file is copied, and put back `afterMs` later under a killed server. */
  | { readonly kind: 'redis-rollback'; readonly redis: RedisName; readonly afterMs: number }
  /** The ocean: connections between home and abroad. */
  | { readonly kind: 'cut'; readonly forMs: number }
  | { readonly kind: 'half-open'; readonly forMs: number }
  | { readonly kind: 'one-way'; readonly swallowed: 'homeward' | 'outward'; readonly forMs: number }
  | { readonly kind: 'delay'; readonly delayMs: number; readonly forMs: number }
  | { readonly kind: 'null-rounds'; readonly rounds: number }
  | { readonly kind: 'reorg'; readonly depth: number; readonly withhold: boolean }

export type FaultKind = Fault['kind']

export const faultKinds: readonly FaultKind[] = [
  'kill',
  'stop',
  'restart',
  'redis-kill',
  'redis-stop',
  'redis-wipe',
  'redis-rollback',
  'cut',
  'half-open',
  'one-way',
  'delay',
  'null-rounds',
  'reorg',
]

/** Moments of a run that faults are set by, as its supervisor tells them. */
export const moments = [
  /** Every process runs; keys are made and the first of them are being funded. */
  'started',
  /** The first key has money: `wallet.fund` and the miner actor's creation. */
  'funding',
  /** The miner actor is there: AddBalance of both sides comes next. */
  'escrow',
  /** Both have escrow: proposals are being sent. */
  'proposing',
  /** The first client was told yes: its data arrives while the others still propose. */
  'arriving',
  /** Every client was told yes. */
  'accepted',
  /** The first deal is being published. */
  'publishing',
  /** The first sector has a row. */
  'sealing',
  /** The first PreCommit was sent. */
  'precommitted',
  /** The first ProveCommit was sent. */
  'provecommitted',
  /** The first sector is Proving. */
  'proving',
] as const
export type Moment = (typeof moments)[number]

export interface Scheduled {
  readonly after: Moment
  readonly delayMs: number
  readonly fault: Fault
}

/** One line for a person. */
export function faultText({ after, delayMs, fault }: Scheduled): string {
  const { kind, ...facts } = fault
  const said = Object.entries(facts).map(([name, value]) => `${name} ${value}`)
  return `${kind} ${said.join(', ')} (${delayMs} ms after ${after})`
}
