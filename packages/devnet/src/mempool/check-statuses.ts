import {
  type Address,
  type Cid,
  checkForBlockInclusion,
  encodeMessage,
  type Message,
  messageCid,
  requiredFunds,
} from '@sealane/actors'
import type { SenderState } from './sender-state.js'

/** One check of a message before it is sent; `code` as lotus numbers them. Source: filecoin-project/lotus api/types.go. */
export interface CheckStatus {
  readonly cid: Cid
  readonly code: number
  readonly ok: boolean
  readonly error: string
  readonly hint?: Readonly<Record<string, string | number | object>>
}

/** Source: filecoin-project/lotus api/checkstatuscode_string.go. */
const code = {
  serialize: 1,
  size: 2,
  validity: 3,
  minGas: 4,
  minBaseFee: 5,
  baseFee: 6,
  lowerBound: 7,
  upperBound: 8,
  stateNonce: 9,
  nonce: 10,
  stateBalance: 11,
  balance: 12,
} as const

/** Longest unsigned message: lotus' limit less room for a signature. Unit: bytes. */
const maxUnsignedBytes = 64 * 1024 - 128
const minimumBaseFee = 100n
/** Base fees that a message should outlive, as factors of today's. Source: lotus messagepool (baseFee{Lower,Upper}BoundFactor). */
const boundFactor = 10n

/** What checks of several messages in a row need to know. */
export interface CheckContext {
  readonly baseFee: bigint
  /** The chain's state of a sender; undefined when it is not on chain. */
  sender(address: Address): SenderState | undefined
  /** What the pool holds of a sender already, when that is to be counted first. */
  pooled(address: Address): { readonly nextNonce: number; readonly funds: bigint } | undefined
}

interface Running {
  nextNonce: number
  funds: bigint
}

/**
 * What lotus' pool would check of these messages, one after the other, each with the outcome. `flexible` says of which
 * messages the nonce is not fixed yet. Source: filecoin-project/lotus chain/messagepool/check.go.
 */
export function checkStatuses(
  messages: readonly Message[],
  context: CheckContext,
  flexible: readonly boolean[] = [],
): CheckStatus[][] {
  const running = new Map<Address, Running>()
  return messages.map((message, index) => checkOne(message, context, running, flexible[index] === true))
}

function checkOne(
  message: Message,
  context: CheckContext,
  running: Map<Address, Running>,
  flexible: boolean,
): CheckStatus[] {
  const cid = messageCid(message)
  const statuses: CheckStatus[] = []
  const say = (one: number, error: string | undefined, hint?: CheckStatus['hint'], ok?: boolean) => {
    statuses.push({
      cid,
      code: one,
      ok: ok ?? error === undefined,
      error: error ?? '',
      ...(hint === undefined ? {} : { hint }),
    })
  }

  const actor = context.sender(message.from)
  let state = running.get(message.from)
  if (state === undefined) {
    const pooled = context.pooled(message.from)
    if (pooled === undefined && actor === undefined) {
      say(code.stateNonce, 'error retrieving state nonce: actor not found')
      return statuses
    }
    state = { nextNonce: pooled?.nextNonce ?? actor?.nonce ?? 0, funds: pooled?.funds ?? 0n }
    running.set(message.from, state)
    say(code.stateNonce, undefined, { nonce: state.nextNonce })
  } else say(code.stateNonce, undefined)

  if (actor === undefined) {
    say(code.stateBalance, 'error retrieving state balance: actor not found')
    return statuses
  }
  say(code.stateBalance, undefined, { balance: actor.balance.toString() })

  const length = encodeMessage(message).length
  say(code.serialize, undefined)
  say(code.size, length > maxUnsignedBytes ? 'message too big' : undefined)
  const invalid = syntaxFault(message)
  say(code.validity, invalid)
  if (invalid !== undefined) return statuses

  const minGas = onChainMessage(length)
  say(
    code.minGas,
    message.gasLimit < minGas.ComputeGas + minGas.StorageGas
      ? 'GasLimit less than epoch minimum gas'
      : undefined,
    { minGas },
  )
  const aboveMinimum = message.gasFeeCap >= minimumBaseFee
  say(code.minBaseFee, aboveMinimum ? undefined : 'GasFeeCap less than minimum base fee')
  if (aboveMinimum) feeChecks(message, context.baseFee, say)

  const nonceFits = flexible || state.nextNonce === message.nonce
  say(code.nonce, nonceFits ? undefined : `message nonce doesn't match next nonce (${state.nextNonce})`, {
    nextNonce: state.nextNonce,
  })
  if (nonceFits) state.nextNonce++
  state.funds += requiredFunds(message) + message.value
  say(code.balance, actor.balance < state.funds ? 'insufficient balance' : undefined, {
    requiredFunds: state.funds.toString(),
  })
  return statuses
}

function feeChecks(
  message: Message,
  baseFee: bigint,
  say: (code: number, error: string | undefined, hint: CheckStatus['hint'], ok?: boolean) => void,
): void {
  const lower = baseFee / boundFactor < minimumBaseFee ? minimumBaseFee : baseFee / boundFactor
  const upper = baseFee * boundFactor
  say(code.baseFee, message.gasFeeCap < baseFee ? 'GasFeeCap less than current base fee' : undefined, {
    baseFee: baseFee.toString(),
  })
  say(
    code.lowerBound,
    message.gasFeeCap < lower
      ? 'GasFeeCap less than base fee lower bound for inclusion in next 20 epochs'
      : undefined,
    { baseFee: baseFee.toString(), baseFeeLowerBound: lower.toString() },
  )
  // A warning only: lotus says it, and says OK.
  say(
    code.upperBound,
    message.gasFeeCap < upper
      ? 'GasFeeCap less than base fee upper bound for inclusion in next 20 epochs'
      : undefined,
    { baseFee: baseFee.toString(), baseFeeUpperBound: upper.toString() },
    true,
  )
}

function syntaxFault(message: Message): string | undefined {
  try {
    checkForBlockInclusion(message)
    return undefined
  } catch (cause) {
    return `syntactically invalid message: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

/**
 * The least a message of this many bytes costs to be carried on chain, as a recorded lotus (network version 28) prints
 * it. Unit: gas.
 */
export function onChainMessage(length: number) {
  return {
    Name: 'OnChainMessage',
    Extra: null,
    ComputeGas: 38_863,
    StorageGas: 1_000 * (36 + length),
    VirtualCompute: 0,
    VirtualStorage: 0,
  }
}
