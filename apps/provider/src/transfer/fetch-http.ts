import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { ProviderError } from '../provider-error.js'
import type { AddressGuard } from './address-guard.js'
import { rangeHeaders, readAnswer } from './read-answer.js'
import type { Source, Wanted } from './source.js'

/** Redirects followed at most. Source: filecoin-project/boost@v2.5.2 transport/httptransport/http_transport.go:212. */
const maxRedirects = 2
const redirects: readonly number[] = [301, 302, 303, 307, 308]
/** Headers that a client meant for the host it named, and for no other. */
const confidential: readonly string[] = ['authorization', 'cookie', 'proxy-authorization']

export interface FetchOptions {
  readonly url: string
  /** The client's headers, checked. */
  readonly headers: Readonly<Record<string, string>>
  readonly wanted: Wanted
  readonly guard: AddressGuard
  /** A connection without a byte for this long is given up. Unit: ms. */
  readonly stallMs: number
  readonly signal: AbortSignal
}

/**
 * Asks an http(s) server for the wanted bytes. Every hop's addresses are checked and the checked one is dialled.
 * @throws {ProviderError} TRANSFER_IMPOSSIBLE, TRANSFER_INTERRUPTED, ADDRESS_FORBIDDEN
 */
export async function fetchHttp(o: FetchOptions): Promise<Source> {
  let url = new URL(o.url)
  let headers: Record<string, string> = { ...o.headers, ...rangeHeaders(o.wanted) }
  for (let hop = 0; ; hop += 1) {
    const response = await ask(url, headers, o)
    const { location } = response.headers
    if (location === undefined || !redirects.includes(response.statusCode ?? 0))
      return readAnswer(response, o.wanted)
    response.destroy()
    if (hop === maxRedirects) throw impossible(`stopped after ${maxRedirects} redirects`)
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined
    if (next === undefined || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
      throw impossible('the server redirects to something that is no http URL')
    }
    if (next.host !== url.host || (url.protocol === 'https:' && next.protocol === 'http:')) {
      headers = Object.fromEntries(Object.entries(headers).filter(([name]) => !confidential.includes(name)))
    }
    url = next
  }
}

async function ask(url: URL, headers: Record<string, string>, o: FetchOptions): Promise<IncomingMessage> {
  // Sockets ask the guard's lookup for names only; a literal is checked here.
  await o.guard.dialable(url.hostname)
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest
  return await new Promise((resolve, reject) => {
    const request = send(url, {
      headers,
      agent: false,
      lookup: o.guard.lookup,
      signal: o.signal,
      timeout: o.stallMs,
    })
    request.on('response', resolve)
    request.on('timeout', () => request.destroy(new Error(`no byte for ${o.stallMs} ms`)))
    request.on('error', (cause) => {
      if (cause instanceof ProviderError) return reject(cause)
      reject(
        new ProviderError(
          { code: 'TRANSFER_INTERRUPTED', reason: `${url.host}: ${cause.message}`, offset: o.wanted.offset },
          { cause },
        ),
      )
    })
    request.end()
  })
}

function impossible(reason: string): ProviderError {
  return new ProviderError({ code: 'TRANSFER_IMPOSSIBLE', reason })
}
