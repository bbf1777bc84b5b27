import type { DevnetNode } from '../node/devnet-node.js'
import type { Producer } from '../producer/producer.js'
import type { HeadSubscriptions } from './head-subscriptions.js'
import type { Tokens } from './tokens.js'

/** What methods work on. */
export interface Api {
  readonly node: DevnetNode
  readonly producer: Producer
  readonly heads: HeadSubscriptions
  readonly tokens: Tokens
  readonly agent: string
  readonly version: string
  /** A UUID of this process. */
  readonly session: string
  readonly random: (bytes: number) => Uint8Array
  /** Ends the process's service. */
  readonly shutdown: () => void
}
