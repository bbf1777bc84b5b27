import { ChainError } from '../chain-error.js'
import { parseApiInfo } from '../node/api-info.js'
import type { Json } from './json.js'
import { RpcNode } from './rpc-node.js'

/**
 * One plain JSON-RPC call to the first node of FULLNODE_API_INFO: for operators' tools that speak to a node itself
 * rather than to the chain (`Devnet.Info`, `Filecoin.AuthNew`). Rejects with ChainError.
 */
export async function rpcCall(
  nodes: string,
  method: string,
  params: readonly Json[],
  timeoutMs = 30_000,
): Promise<Json> {
  return await firstOf(nodes, timeoutMs).call(method, params)
}

/**
 * One subscription at the first node of FULLNODE_API_INFO, for the same tools (`Filecoin.MpoolSub`): its values until `signal` aborts.
 * Rejects with ChainError, also when the node ends it.
 */
export async function* rpcSubscribe(
  nodes: string,
  method: string,
  params: readonly Json[],
  signal: AbortSignal,
): AsyncGenerator<Json> {
  yield* firstOf(nodes).subscribe(method, params, signal)
}

function firstOf(nodes: string, timeoutMs = 30_000): RpcNode {
  const [address] = parseApiInfo(nodes)
  if (address === undefined) throw new ChainError('NODES_INVALID', { text: 'no chain node given' })
  return new RpcNode(address, { timeoutMs, maxResponseBytes: 64 * 1024 * 1024 })
}
