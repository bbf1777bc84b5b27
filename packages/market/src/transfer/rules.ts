import type { TransferUrl } from './codec.js'

/** Why a transfer cannot be carried out as asked. The message is the text a client is told. */
export class TransferRefused extends Error {
  static override readonly name = 'TransferRefused'
  readonly code = 'TRANSFER_REFUSED'

  constructor(message: string) {
    super(message)
    this.name = TransferRefused.name
  }
}

/** The ways we fetch bytes. */
export type TransferScheme = 'http' | 'https' | 'libp2p'

/**
 * The scheme of a transfer URL, if we can fetch from it.
 * @throws {TransferRefused} for any other scheme, with the text of the field's HTTP client.
 */
export function transferScheme(url: TransferUrl): TransferScheme {
  if (url.scheme === 'libp2p') return 'libp2p'
  if (url.scheme === 'http' || url.scheme === 'https') return url.scheme
  throw new TransferRefused(`unsupported protocol scheme "${url.scheme}"`)
}

/** A header name is an HTTP token. Source: RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
/** Visible ASCII, spaces and tabs: no CR, LF, NUL or anything else that could end the header. */
const value = /^[\t\x20-\x7e]{0,8192}$/

/**
 * Headers that decide framing, routing or which bytes are sent. They are ours alone to set.
 * Source: RFC 9110 §7.6.1 (hop-by-hop), §8.6, §12.5.3, §14.
 */
const ours: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'http2-settings',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
])

/** At most this many client headers travel with a request. Unit: headers. Ours: far above any client's use. */
const maxHeaders = 32

/**
 * The client's headers as we will send them, names in lower case.
 * @throws {TransferRefused} when a header could change more than the answer to our own request.
 */
export function transferHeaders(headers: Readonly<Record<string, string>> | null): Record<string, string> {
  const entries = Object.entries(headers ?? {})
  if (entries.length > maxHeaders) {
    throw new TransferRefused(`transfer has ${entries.length} headers, at most ${maxHeaders} are sent`)
  }
  const sent: [string, string][] = []
  for (const [name, text] of entries) {
    if (!token.test(name)) throw new TransferRefused('transfer has a header whose name is not an HTTP token')
    if (ours.has(name.toLowerCase()))
      throw new TransferRefused(`transfer header ${name} cannot be set by a client`)
    if (!value.test(text))
      throw new TransferRefused(`transfer header ${name} has control or non-ASCII characters`)
    sent.push([name.toLowerCase(), text])
  }
  return Object.fromEntries(sent)
}
