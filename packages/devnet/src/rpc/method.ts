import type { Json } from '@sealane/chain'
import type { Param } from './param.js'
import type { Permission } from './permissions.js'

/** One method of the API. */
export interface Method {
  readonly permission: Permission
  readonly params: readonly Param<unknown>[]
  run(args: readonly unknown[]): Promise<Json> | Json
}

type Values<P extends readonly Param<unknown>[]> = { [K in keyof P]: P[K] extends Param<infer T> ? T : never }

/** States a method: who may call it, what it takes, what it does. */
export function method<const P extends readonly Param<unknown>[]>(
  permission: Permission,
  params: P,
  run: (...args: Values<P>) => Promise<Json> | Json,
): Method {
  return { permission, params, run: (args) => run(...(args as Values<P>)) }
}

/** Values that come one after another over a WebSocket. */
export interface ChannelMethod {
  readonly permission: Permission
  readonly params: readonly Param<unknown>[]
  /** Begins sending; the result ends it. */
  open(channel: Channel): () => void
}

/** The server's end of a subscription. */
export interface Channel {
  /** Sends a value and, once the client's socket has read it, calls back. */
  send(value: Json, read?: () => void): void
  /** Ends the whole connection, as lotus does to a reader that is too slow. */
  drop(reason: string): void
}
