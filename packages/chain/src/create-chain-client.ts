import type { ChainPort } from './chain-port.js'
import { LotusChain } from './lotus-chain.js'
import type { ChainLog } from './node/node-pool.js'

export interface ChainClientOptions {
  /** FULLNODE_API_INFO: `[TOKEN:]ADDR`, several joined by commas. */
  readonly nodes: string
  /** Nodes of any other network are refused (WRONG_NETWORK). */
  readonly networkName?: string
  readonly timeoutMs?: number
  readonly maxResponseBytes?: number
  readonly compareEveryMs?: number
  readonly log?: ChainLog
}

/** A client of one or several lotus-speaking nodes. Connects when asked. @throws ChainError NODES_INVALID */
export function createChainClient(options: ChainClientOptions): ChainPort {
  return new LotusChain({
    timeoutMs: 30_000,
    maxResponseBytes: 64 * 1024 * 1024,
    compareEveryMs: 5_000,
    ...options,
  })
}
