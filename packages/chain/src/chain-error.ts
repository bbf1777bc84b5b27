/**
 * What went wrong between us and a chain node. `RPC`: the node answered with an error that has no name here.
 * `BUSY`: it, or what stands before it, limits how often we may ask. `REFUSED`: our token does not allow it.
 * The mempool's answers have a name each, because the sender acts on them.
 */
export type ChainErrorCode =
  | 'RPC'
  | 'NOT_FOUND'
  | 'NULL_ROUND'
  | 'EXECUTION_FAILED'
  | 'NO_METHOD'
  | 'BAD_PARAMS'
  | 'REFUSED'
  | 'NODE_DOWN'
  | 'BUSY'
  | 'TIMEOUT'
  | 'TOO_LARGE'
  | 'MALFORMED'
  | 'WRONG_NETWORK'
  | 'NODES_INVALID'
  | 'CURSOR_UNKNOWN'
  | 'NONCE_TOO_LOW'
  | 'NONCE_GAP'
  | 'ALREADY_POOLED'
  | 'REPLACE_UNDERPRICED'
  | 'FEE_CAP_TOO_LOW'
  | 'NOT_ENOUGH_FUNDS'
  | 'TOO_MANY_PENDING'
  | 'MESSAGE_TOO_BIG'
  | 'MESSAGE_INVALID'
  | 'SIGNATURE_INVALID'

export interface ChainErrorFacts {
  /** The JSON-RPC method, without its prefix. */
  readonly method?: string
  /** The node, by address, without its token. */
  readonly node?: string
  readonly rpcCode?: number
  /** The node's own words. */
  readonly text?: string
  /** Exit code of the execution that a gas estimate simulated. */
  readonly exitCode?: number
}

/**
 * A call to a chain node that failed. The remedy is always `retry`: nodes fall behind, restart and come back. What a
 * permanent refusal of a message means (another nonce, more money) is decided by who sent it.
 */
export class ChainError extends Error {
  readonly code: ChainErrorCode
  readonly remedy: 'retry' = 'retry'
  readonly facts: ChainErrorFacts

  constructor(code: ChainErrorCode, facts: ChainErrorFacts = {}, options?: ErrorOptions) {
    super(describe(code, facts), options)
    this.name = 'ChainError'
    this.code = code
    this.facts = facts
  }

  get rpcCode(): number | undefined {
    return this.facts.rpcCode
  }

  /** The node's own words, or ours when the node said nothing. */
  get text(): string {
    return this.facts.text ?? this.message
  }
}

function describe(code: ChainErrorCode, facts: ChainErrorFacts): string {
  const where = [facts.method, facts.node].filter((part) => part !== undefined).join(' at ')
  return [where, facts.text ?? code].filter((part) => part !== '').join(': ')
}

/** JSON-RPC error codes of lotus that have a meaning. Source: filecoin-project/lotus api/api_errors.go. */
const codeOfRpc: Readonly<Record<number, ChainErrorCode>> = {
  3: 'EXECUTION_FAILED',
  11: 'NOT_FOUND',
  12: 'NULL_ROUND',
  // EIP-1474: "limit exceeded".
  [-32005]: 'BUSY',
  [-32601]: 'NO_METHOD',
  [-32602]: 'BAD_PARAMS',
  [-32700]: 'BAD_PARAMS',
}

// Texts are the fallback for code 1, which is most of them. Order matters: the innermost cause comes last in a text.
// Source: filecoin-project/lotus chain/messagepool/messagepool.go:73-89, node/impl/full/state.go, api/permissioned.go.
const codeOfText: readonly (readonly [RegExp, ChainErrorCode])[] = [
  [/missing permission to invoke/, 'REFUSED'],
  // Services that let many users ask one node.
  [/rate limit|too many requests|limit exceeded/i, 'BUSY'],
  [/message nonce too low/, 'NONCE_TOO_LOW'],
  [/unfulfilled nonce gap/, 'NONCE_GAP'],
  [/message with nonce already exists/, 'ALREADY_POOLED'],
  [/replace by fee has too low GasPremium/, 'REPLACE_UNDERPRICED'],
  [/too many pending messages for actor/, 'TOO_MANY_PENDING'],
  [/gas fee cap too low/, 'FEE_CAP_TOO_LOW'],
  [/not enough funds/, 'NOT_ENOUGH_FUNDS'],
  [/message too big/, 'MESSAGE_TOO_BIG'],
  [/signature verification failed/, 'SIGNATURE_INVALID'],
  [
    /message not valid for block inclusion|verify msg failed|message will not be included in a block|message had invalid to address|cannot send more filecoin than will ever exist/,
    'MESSAGE_INVALID',
  ],
  [/message execution failed/, 'EXECUTION_FAILED'],
  [
    /actor not found|failed to find actor|could not find|block not found|not found on chain|deal \d+ not found|failed to find sector/,
    'NOT_FOUND',
  ],
]

/** Names a node's error by its code, else by its text. */
export function classifyRpcError(rpcCode: number, text: string): ChainErrorCode {
  return codeOfRpc[rpcCode] ?? codeOfText.find(([pattern]) => pattern.test(text))?.[1] ?? 'RPC'
}

/** The exit code in the text of a failed simulation, such as `(RetCode=18)` or `exit=[ErrForbidden(18)]`. */
export function exitCodeOf(text: string): number | undefined {
  const match = /exit=\[[^\]]*?\((\d+)\)\]/.exec(text) ?? /RetCode=(\d+)/.exec(text)
  return match?.[1] === undefined ? undefined : Number(match[1])
}
