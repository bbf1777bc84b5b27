import type { ChainPort } from '../chain-port.js'
import type { NodeAddress } from '../node/api-info.js'
import type { Json } from '../rpc/json.js'
import type { RawSocket } from './raw-socket.js'
import type { Spender } from './spender.js'

/** Something that every lotus-speaking server must do. */
export interface ComplianceCheck {
  readonly name: string
  /** Rejects with what is wrong, or with Skipped. The chain must be a few tipsets old. */
  run(context: ComplianceContext): Promise<void>
}

export interface ComplianceContext {
  readonly chain: ChainPort
  readonly node: NodeAddress
  /** How long a block takes. Unit: ms. */
  readonly blockDelayMs: number
  /** One call over HTTP, answered or refused (ChainError). */
  ask(method: string, ...params: Json[]): Promise<Json>
  /** One HTTP request with this very body, with the given token (null: none; by default the node's). */
  post(body: string, token?: string | null): Promise<{ readonly status: number; readonly text: string }>
  /** A WebSocket of the check's own, closed after it. */
  socket(): Promise<RawSocket>
  /** Who sends messages; only checks that write use it. */
  readonly spender?: Spender
}
