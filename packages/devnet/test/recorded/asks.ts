import type { Ask } from './ask.ts'
import { chainAsks } from './chain-asks.ts'
import { messageAsks } from './message-asks.ts'
import { nodeAsks } from './node-asks.ts'
import { stateAsks } from './state-asks.ts'

/** Recordings that our devnet is asked again, by name. */
export const asks: Readonly<Record<string, Ask>> = { ...nodeAsks, ...chainAsks, ...stateAsks, ...messageAsks }
