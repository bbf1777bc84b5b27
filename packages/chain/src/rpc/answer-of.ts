import { ChainError, type ChainErrorFacts, classifyRpcError, exitCodeOf } from '../chain-error.js'
import { type Json, parseJson } from './json.js'

/** As much of a node's error text as is kept: a trace of nested calls fits, a flood of our logs does not. Unit: characters. */
const longestErrorText = 16_384

/** The result in a node's answer. @throws ChainError as RpcNode.call rejects */
export function answerOf(text: string, status: number, facts: ChainErrorFacts): Json {
  let answer: Json
  try {
    answer = parseJson(text)
  } catch (cause) {
    throw new ChainError(
      'MALFORMED',
      { ...facts, text: `HTTP ${status}, not JSON: ${shownBody(text)}` },
      { cause },
    )
  }
  if (answer === null || typeof answer !== 'object' || Array.isArray(answer)) {
    throw new ChainError('MALFORMED', { ...facts, text: `HTTP ${status}, not a JSON-RPC answer` })
  }
  const { error, result } = answer as { error?: Json; result?: Json }
  if (error !== undefined && error !== null) throw rpcError(error, facts)
  // Go leaves `result` out of the answer of a method that returns nothing.
  return result ?? null
}

/** The ChainError that a node's `error` means. */
export function rpcError(error: NonNullable<Json>, facts: ChainErrorFacts): ChainError {
  const { code, message } = error as { code?: Json; message?: Json }
  const rpcCode = typeof code === 'number' ? code : 1
  const text = typeof message === 'string' ? message.slice(0, longestErrorText) : 'an error without a message'
  const exitCode = exitCodeOf(text)
  return new ChainError(classifyRpcError(rpcCode, text), {
    ...facts,
    rpcCode,
    text,
    ...(exitCode === undefined ? {} : { exitCode }),
  })
}

/** The first words of an answer that is no JSON-RPC. */
export function shownBody(text: string): string {
  return text.slice(0, 120).trim() || 'no text'
}
