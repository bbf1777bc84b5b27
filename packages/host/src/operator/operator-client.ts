import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { OperatorApi, ParamsOf, ResultOf } from '@sealane/proto'
import { fromWire, RemoteError } from '../grpc/remote-error.js'
import { type OperatorAnswer, toJson } from './operator-wire.js'

/** `client['things.list']({ limit: 10 })`. */
export type OperatorClient<Api extends OperatorApi> = {
  [Name in keyof Api]: (params: ParamsOf<Api[Name]>, o?: CallOptions) => Promise<ResultOf<Api[Name]>>
}

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Default 60,000. */
  readonly deadlineMs?: number
}

export type OperatorTarget =
  | { readonly socketPath: string }
  | {
      readonly url: string
      readonly token: string /** PEM of the authority, for https. */
      readonly authority?: string
    }

/** Unit: ms. */
const DEADLINE_MS = 60_000
/** Lists are long, but not this long. Unit: bytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/** Calls an app's operator API. Failures are RemoteErrors with the app's own code and remedy; an app that is not there is NOT_RUNNING, `retry`. */
export function operatorClient<const Api extends OperatorApi>(
  api: Api,
  target: OperatorTarget,
): OperatorClient<Api> {
  const call = async (name: string, params: unknown, o: CallOptions = {}): Promise<unknown> => {
    const method = api[name]
    if (method === undefined) throw new TypeError(`no method ${name}`)
    const deadline = AbortSignal.timeout(o.deadlineMs ?? DEADLINE_MS)
    const signal = o.signal === undefined ? deadline : AbortSignal.any([o.signal, deadline])
    const answer = JSON.parse(await post(target, name, toJson(params), signal)) as OperatorAnswer
    if ('failure' in answer) throw fromWire(answer.failure)
    return method.result.parse(answer.result)
  }
  const client: Record<string, (params: unknown, o?: CallOptions) => Promise<unknown>> = {}
  for (const name of Object.keys(api)) client[name] = (params, o) => call(name, params, o)
  return client as OperatorClient<Api>
}

function post(target: OperatorTarget, name: string, body: string, signal: AbortSignal): Promise<string> {
  const local = 'socketPath' in target
  const url = new URL(`/v1/${encodeURIComponent(name)}`, local ? 'http://localhost' : target.url)
  const shown = local ? target.socketPath : url.origin
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const fail = (code: string, text: string, cause?: unknown) =>
      reject(new RemoteError({ code, at: shown }, text, 'retry', { cause }))
    const request = send(
      url,
      {
        method: 'POST',
        // A kept connection would break on the first call after a restart of the app.
        agent: false,
        signal,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(local ? {} : { authorization: `Bearer ${target.token}` }),
        },
        ...(local ? { socketPath: target.socketPath } : {}),
        ...(!local && target.authority !== undefined ? { ca: target.authority } : {}),
      },
      (response) => {
        const chunks: Buffer[] = []
        let sizeBytes = 0
        response.on('data', (chunk: Buffer) => {
          sizeBytes += chunk.length
          if (sizeBytes > MAX_ANSWER_BYTES) request.destroy(new Error('answer too long'))
          else chunks.push(chunk)
        })
        response.on('error', (cause) => fail('CALL_FAILED', `${name} at ${shown}: ${cause.message}`, cause))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          if (response.statusCode === 200) resolve(text)
          else fail('CALL_FAILED', `${name} at ${shown}: HTTP ${response.statusCode} ${text.slice(0, 200)}`)
        })
      },
    )
    request.on('error', (cause: NodeJS.ErrnoException) => {
      const away = cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED'
      fail(
        away ? 'NOT_RUNNING' : 'CALL_FAILED',
        away ? `nothing runs at ${shown}: start it first` : `${name} at ${shown}: ${cause.message}`,
        cause,
      )
    })
    request.end(body)
  })
}
