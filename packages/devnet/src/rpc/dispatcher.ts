import { AddressError, CborError, CidError } from '@sealane/actors'
import { type Json, WireError } from '@sealane/chain'
import { CryptoError } from '@sealane/crypto'
import { LedgerError } from '../ledger/ledger-error.js'
import type { ChannelMethod, Method } from './method.js'
import { GoJsonError, type Param } from './param.js'
import type { Permission } from './permissions.js'
import { RpcFailure, rpcCode } from './rpc-failure.js'

export interface Request {
  readonly id: Json
  readonly method: string
  readonly params: readonly Json[]
}

/** An answer, keys in go-jsonrpc's order. */
export type Answer =
  | { readonly id: Json; readonly jsonrpc: '2.0'; readonly result: Json }
  | {
      readonly error: { readonly code: number; readonly message: string; readonly data?: string }
      readonly id: Json
      readonly jsonrpc: '2.0'
    }

/** Finds and runs methods. Knows permissions and Go's error texts, nothing of transports. */
export class Dispatcher {
  constructor(
    private readonly methods: Readonly<Record<string, Method>>,
    private readonly channels: Readonly<Record<string, ChannelMethod>>,
    private readonly failed: (method: string, cause: unknown) => void,
  ) {}

  /** Whether the method exists, and is one that only a WebSocket can serve. */
  channel(name: string): ChannelMethod | undefined {
    return Object.hasOwn(this.channels, name) ? this.channels[name] : undefined
  }

  /** Runs a request; whatever goes wrong is in the answer. */
  async answer(request: Request, allowed: readonly Permission[]): Promise<Answer> {
    try {
      return { id: request.id, jsonrpc: '2.0', result: await this.#run(request, allowed) }
    } catch (cause) {
      return this.failure(request.id, request.method, cause)
    }
  }

  failure(id: Json, name: string, cause: unknown): Answer {
    const { rpcCode: code, message, data } = this.#named(name, cause)
    return { error: { code, message, ...(data === undefined ? {} : { data }) }, id, jsonrpc: '2.0' }
  }

  /** The arguments of a call to `target`. @throws RpcFailure */
  prepare(
    target: { permission: Permission; params: readonly Param<unknown>[] },
    request: Request,
    allowed: readonly Permission[],
  ): unknown[] {
    const { method: name, params } = request
    const bare = name.replace(/^[^.]*\./, '')
    if (params.length !== target.params.length) {
      throw new RpcFailure(
        rpcCode.invalidParams,
        `wrong param count (method '${name}'): ${params.length} != ${target.params.length}`,
      )
    }
    const args = target.params.map((param, index) => {
      try {
        return param.read(params[index] ?? null)
      } catch (cause) {
        if (!isInputError(cause)) throw cause
        throw new RpcFailure(
          rpcCode.parseError,
          `unmarshaling params for '${name}' (param: ${param.goType}): ${cause.message}`,
        )
      }
    })
    if (!allowed.includes(target.permission)) {
      throw new RpcFailure(
        rpcCode.generic,
        `missing permission to invoke '${bare}' (need '${target.permission}')`,
      )
    }
    return args
  }

  async #run(request: Request, allowed: readonly Permission[]): Promise<Json> {
    const { method: name } = request
    const target = Object.hasOwn(this.methods, name) ? this.methods[name] : undefined
    if (target === undefined) {
      throw new RpcFailure(
        rpcCode.methodNotFound,
        this.channel(name) === undefined
          ? `method '${name}' not found`
          : `method '${name}' not supported in this mode (no out channel support)`,
      )
    }
    return await target.run(this.prepare(target, request, allowed))
  }

  #named(name: string, cause: unknown): RpcFailure {
    if (cause instanceof RpcFailure) return cause
    if (cause instanceof LedgerError) return new RpcFailure(cause.rpcCode, cause.message, cause.data)
    if (isInputError(cause)) return new RpcFailure(rpcCode.generic, cause.message)
    this.failed(name, cause)
    return new RpcFailure(
      rpcCode.generic,
      `internal error: ${cause instanceof Error ? cause.message : String(cause)}`,
    )
  }
}

function isInputError(cause: unknown): cause is Error {
  return (
    cause instanceof GoJsonError ||
    cause instanceof WireError ||
    cause instanceof AddressError ||
    cause instanceof CborError ||
    cause instanceof CidError ||
    cause instanceof CryptoError
  )
}
