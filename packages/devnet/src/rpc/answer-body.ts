import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import type { Answer, Dispatcher, Request } from './dispatcher.js'
import type { Permission } from './permissions.js'
import { idOf, requestOf } from './request-of.js'
import { RpcFailure, rpcCode } from './rpc-failure.js'

/** What an HTTP request is answered with. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
}

/** Answers the body of an HTTP request, one call or a batch. Never rejects: what goes wrong is in the answer. */
export async function answerBody(
  dispatcher: Dispatcher,
  body: string,
  allowed: readonly Permission[],
): Promise<HttpAnswer> {
  if (body.trim() === '') return invalidRequest(dispatcher)
  let json: Json
  try {
    json = parseJson(body)
  } catch {
    return answered(500, dispatcher.failure(null, '', new RpcFailure(rpcCode.parseError, 'Parse error')))
  }
  if (Array.isArray(json)) {
    if (json.length === 0) return invalidRequest(dispatcher)
    const answers: Answer[] = []
    for (const one of json as readonly Json[]) {
      const answer = await answerOne(dispatcher, one, allowed)
      if (answer !== undefined) answers.push(answer)
    }
    return {
      status: 200,
      body: stringifyJson(answers as unknown as Json),
      contentType: 'application/json',
    }
  }
  const answer = await answerOne(dispatcher, json, allowed)
  if (answer === undefined) return { status: 200, body: '' }
  return answered('error' in answer ? statusOf(answer.error.code) : 200, answer)
}

/** The answer to what is no JSON-RPC request at all. */
export function invalidRequest(dispatcher: Dispatcher): HttpAnswer {
  const failure = new RpcFailure(rpcCode.invalidRequest, 'Invalid request')
  return answered(400, dispatcher.failure(null, '', failure))
}

/** The answer to one request; undefined when it is a notification. */
async function answerOne(
  dispatcher: Dispatcher,
  json: Json,
  allowed: readonly Permission[],
): Promise<Answer | undefined> {
  let request: Request
  try {
    request = requestOf(json)
  } catch (cause) {
    return dispatcher.failure(idOf(json), '', cause)
  }
  const answer = await dispatcher.answer(request, allowed)
  return request.id === null ? undefined : answer
}

function statusOf(code: number): number {
  if (code === rpcCode.invalidRequest) return 400
  return code < 0 ? 500 : 200
}

function answered(status: number, answer: Answer): HttpAnswer {
  return { status, body: `${stringifyJson(answer as unknown as Json)}\n`, contentType: 'application/json' }
}
