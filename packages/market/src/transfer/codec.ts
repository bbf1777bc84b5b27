import { multiaddr } from '@multiformats/multiaddr'
import { base58btc } from 'multiformats/bases/base58'
import { CID } from 'multiformats/cid'
import { decode as decodeMultihash } from 'multiformats/hashes/digest'

/** Why bytes or text from a peer are no transfer parameters. The message is the text a client is told. */
export class TransferParamsError extends Error {
  static override readonly name = 'TransferParamsError'
  readonly code = 'TRANSFER_PARAMS'

  constructor(message: string) {
    super(message)
    this.name = TransferParamsError.name
  }
}

/** Where an online deal's bytes are, as `Transfer.Params` carries it in JSON. */
export interface TransferParams {
  readonly url: string
  /** Sent with every request, exactly as the client wrote them. Null when the client wrote none. */
  readonly headers: Readonly<Record<string, string>> | null
}

/** A transfer URL taken apart as far as the field's own clients agree on it. */
export type TransferUrl =
  | { readonly scheme: 'libp2p'; readonly peerId: string; readonly address: string }
  | { readonly scheme: string; readonly url: string; readonly host: string }

/**
 * The JSON of `Transfer.Params`, byte for byte as Go's encoder writes it: keys `URL` and `Headers`, header names sorted,
 * `<`, `>`, `&` and the two Unicode line separators escaped.
 */
export function encodeTransferParams(params: TransferParams): Uint8Array {
  const headers =
    params.headers === null
      ? null
      : Object.fromEntries(Object.entries(params.headers).sort(([a], [b]) => compareBytes(a, b)))
  const json = JSON.stringify({ URL: params.url, Headers: headers })
  return new TextEncoder().encode(json.replace(/[<>&\u2028\u2029]/g, goEscape))
}

/**
 * Reads `Transfer.Params`. Keys match in any case, unknown keys are ignored, null means absent: Go's decoder does so.
 * @throws {TransferParamsError} when it is no such JSON.
 */
export function decodeTransferParams(bytes: Uint8Array): TransferParams {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const value = parseJson(text)
  if (value === null) return { url: '', headers: null }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw paramsError(text, `json: cannot unmarshal ${jsonKind(value)} into an object with URL and Headers`)
  }
  let url = ''
  let headers: Record<string, string> | null = null
  for (const [key, entry] of Object.entries(value)) {
    const name = key.toLowerCase()
    if (entry === null || (name !== 'url' && name !== 'headers')) continue
    if (name === 'url') {
      if (typeof entry !== 'string')
        throw paramsError(text, `json: cannot unmarshal ${jsonKind(entry)} into URL`)
      url = entry
    } else {
      headers = headersOf(entry, text)
    }
  }
  return { url, headers }
}

/**
 * Takes a transfer URL apart. `libp2p://` is followed by one multiaddr that ends in a peer id; anything else is a
 * scheme, an authority and a rest, kept as written.
 * @throws {TransferParamsError} with the text Boost gives for the same URL.
 */
export function parseTransferUrl(url: string): TransferUrl {
  const match = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(url)
  const scheme = match?.[1]?.toLowerCase()
  const rest = match?.[2]
  if (scheme === undefined || rest === undefined) {
    throw new TransferParamsError(`parsing url '${url}': could not parse scheme`)
  }
  if (scheme === 'libp2p') return parseLibp2pUrl(url)
  const authority = /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? ''
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  const badEscape = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(host)?.[0]
  if (badEscape !== undefined) {
    throw new TransferParamsError(`parsing url '${url}': parse "${url}": invalid URL escape "${badEscape}"`)
  }
  return { scheme, url, host }
}

/** The `Authorization` header that opens one transfer on a data server: HTTP Basic with an empty user name. */
export function transferAuthorization(token: string): string {
  return `Basic ${btoa(`:${token}`)}`
}

/** The token inside an `Authorization` header, or undefined when the header is not HTTP Basic. */
export function transferToken(authorization: string | undefined): string | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization ?? '')?.[1]
  if (encoded === undefined || encoded.length % 4 !== 0) return undefined
  const [user, ...password] = atob(encoded).split(':')
  return user === '' && password.length > 0 ? password.join(':') : undefined
}

const libp2pPrefix = 'libp2p://'

function parseLibp2pUrl(url: string): TransferUrl {
  if (!url.startsWith(libp2pPrefix)) {
    throw new TransferParamsError(`libp2p URL '${url}' must start with prefix '${libp2pPrefix}'`)
  }
  const text = url.slice(libp2pPrefix.length)
  const inside = `parsing address info from url '${url}'`
  let components: { name: string; value?: string }[]
  try {
    components = multiaddr(text).getComponents()
    for (const { name, value } of components) if (name === 'p2p') requirePeerId(value ?? '')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TransferParamsError(`${inside}: failed to parse multiaddr "${text}": ${why}`)
  }
  const last = components.pop()
  if (last?.name !== 'p2p' || last.value === undefined) {
    throw new TransferParamsError(`${inside}: invalid p2p multiaddr`)
  }
  if (components.length === 0) throw new TransferParamsError(`${inside}: expected one address, got none`)
  const address = components
    .map((part) => `/${part.name}${part.value === undefined ? '' : `/${part.value}`}`)
    .join('')
  return { scheme: 'libp2p', peerId: last.value, address }
}

/** Multicodec of a libp2p key inside a CID. Source: multiformats table. */
const libp2pKeyCodec = 0x72

/** A peer id is a bare multihash in base58 or a CID of a libp2p key. Source: libp2p specs peer-ids.md. */
function requirePeerId(text: string): void {
  try {
    if (text.startsWith('Qm') || text.startsWith('1')) decodeMultihash(base58btc.baseDecode(text))
    else if (CID.parse(text).code !== libp2pKeyCodec) throw new Error('not a libp2p key')
  } catch (cause) {
    throw new Error(`invalid value "${text}" for protocol p2p`, { cause })
  }
}

function headersOf(entry: unknown, text: string): Record<string, string> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    throw paramsError(text, `json: cannot unmarshal ${jsonKind(entry)} into Headers`)
  }
  const headers: [string, string][] = []
  for (const [name, value] of Object.entries(entry)) {
    if (value !== null && typeof value !== 'string') {
      throw paramsError(text, `json: cannot unmarshal ${jsonKind(value)} into a header of type string`)
    }
    headers.push([name, value ?? ''])
  }
  return Object.fromEntries(headers)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const start = text.trimStart()
    const first = start[0]
    if (first === undefined) throw paramsError(text, 'unexpected end of JSON input')
    const looksLikeJson = /^[\s[{"\-0-9tfn]/.test(start)
    throw paramsError(
      text,
      looksLikeJson ? 'invalid JSON' : `invalid character '${first}' looking for beginning of value`,
    )
  }
}

function paramsError(text: string, why: string): TransferParamsError {
  return new TransferParamsError(`failed to de-serialize transport params bytes '${text}': ${why}`)
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return 'array'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Go sorts strings by their UTF-8 bytes; JavaScript's own order is by UTF-16 units. */
function compareBytes(a: string, b: string): number {
  const left = new TextEncoder().encode(a)
  const right = new TextEncoder().encode(b)
  for (let i = 0; i < Math.min(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
