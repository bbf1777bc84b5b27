import type { IncomingMessage } from 'node:http'
import { ProviderError } from '../provider-error.js'
import type { Source, Wanted } from './source.js'

/** Headers of the one request we make. No HEAD before it: the answer to a ranged GET says the same, and more. */
export function rangeHeaders({ offset, size, validator }: Wanted): Record<string, string> {
  return {
    range: `bytes=${offset}-${size - 1}`,
    // Compressed bytes would have other lengths and another hash.
    'accept-encoding': 'identity',
    ...(offset > 0 && validator !== null ? { 'if-range': validator } : {}),
  }
}

/**
 * Holds a data server's answer against what was asked, and believes only what agrees.
 * @throws {ProviderError} TRANSFER_IMPOSSIBLE when asking again cannot help, TRANSFER_INTERRUPTED when it may.
 */
export function readAnswer(response: IncomingMessage, wanted: Wanted): Source {
  try {
    return judged(response, wanted)
  } catch (cause) {
    response.destroy()
    throw cause
  }
}

function judged(response: IncomingMessage, wanted: Wanted): Source {
  const { statusCode: status = 0, statusMessage, headers } = response
  const encoding = headers['content-encoding'] ?? 'identity'
  if (status >= 200 && status < 300 && encoding !== 'identity') {
    throw impossible(`the server sends ${encoding} where plain bytes were asked for`)
  }
  const validator = strong(headers.etag)
  if (status === 206) {
    const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? []
    if (start === undefined || Number(start) !== wanted.offset) {
      throw impossible(
        `asked for byte ${wanted.offset}, the server answers ${headers['content-range'] ?? 'no range'}`,
      )
    }
    if (total !== '*') requireSize(Number(total), wanted)
    const changed = wanted.offset > 0 && wanted.validator !== null && validator !== wanted.validator
    if (changed) return { start: 0, validator, body: none(), close: () => response.destroy() }
    return { start: wanted.offset, validator, body: response, close: () => response.destroy() }
  }
  if (status === 200) {
    const length = headers['content-length']
    if (length !== undefined) requireSize(Number(length), wanted)
    return { start: 0, validator, body: response, close: () => response.destroy() }
  }
  const line = `http req failed: code: ${status}, status: ${status} ${statusMessage ?? ''}`.trimEnd()
  if (status === 416) {
    const total = /^bytes \*\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1]
    if (total !== undefined) requireSize(Number(total), wanted)
    throw impossible(line)
  }
  // 408 and 429 ask for patience; every other 4xx is an answer.
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) throw impossible(line)
  throw new ProviderError({ code: 'TRANSFER_INTERRUPTED', reason: line, offset: wanted.offset })
}

function requireSize(told: number, { size }: Wanted): void {
  if (told !== size) throw impossible(`deal size mismatch: head: ${told}, dealInfo: ${size}`)
}

/** A weak ETag promises the meaning, not the bytes. */
function strong(etag: string | undefined): string | null {
  return etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag) ? etag : null
}

async function* none(): AsyncGenerator<Uint8Array> {}

function impossible(reason: string): ProviderError {
  return new ProviderError({ code: 'TRANSFER_IMPOSSIBLE', reason })
}
