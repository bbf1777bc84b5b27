/** What goes into the `error` of an answer. Codes: go-jsonrpc's own below -32000, lotus' above 0. */
export class RpcFailure extends Error {
  constructor(
    readonly rpcCode: number,
    message: string,
    readonly data?: string,
  ) {
    super(message)
    this.name = 'RpcFailure'
  }
}

export const rpcCode = {
  generic: 1,
  executionReverted: 3,
  actorNotFound: 11,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  parseError: -32700,
} as const
