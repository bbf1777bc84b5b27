import type { ChainTables } from './chain-tables.js'
import type { DeepReadonly } from './deep-readonly.js'

/**
 * The state of the chain after some epoch: plain immutable data. The same reference comes back from whatever
 * changed nothing, so `===` tells whether there is something to persist. Read it through `query`.
 */
export type ChainState = DeepReadonly<ChainTables>
