import type { Json } from '@sealane/chain'
import type { Request } from './dispatcher.js'
import { RpcFailure, rpcCode } from './rpc-failure.js'

/** A JSON-RPC request, in go-jsonrpc's words when it is none. @throws RpcFailure */
export function requestOf(json: Json): Request {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) {
    throw new RpcFailure(rpcCode.invalidRequest, 'Invalid request')
  }
  const { id, method, params } = json as { readonly [key: string]: Json | undefined }
  if (id !== undefined && id !== null && typeof id === 'object') {
    const goType = Array.isArray(id) ? '[]interface {}' : 'map[string]interface {}'
    throw new RpcFailure(rpcCode.parseError, `failed to parse ID: invalid id type: ${goType}`)
  }
  if (params !== undefined && params !== null && !Array.isArray(params)) {
    const kind = typeof params === 'object' ? 'object' : typeof params
    throw new RpcFailure(
      rpcCode.parseError,
      `unmarshaling param array: json: cannot unmarshal ${kind} into Go value of type []jsonrpc.param`,
    )
  }
  return {
    id: id ?? null,
    method: typeof method === 'string' ? method : '',
    params: (params ?? []) as readonly Json[],
  }
}

/** The id to answer a request with that could not be read. */
export function idOf(json: Json): Json {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return null
  const { id } = json as { readonly id?: Json }
  return id === undefined || typeof id === 'object' ? null : id
}
