import { ChainError } from '../chain-error.js'

/** Where one node listens. */
export interface NodeAddress {
  readonly token?: string
  readonly httpUrl: string
  readonly webSocketUrl: string
  /** The address as it was given, without its token: for people and logs. */
  readonly shown: string
}

/**
 * Reads FULLNODE_API_INFO: `[TOKEN:]ADDR`, several joined by commas. ADDR is a multiaddr (`/ip4/1.2.3.4/tcp/1234/http`;
 * `/wss`, `/https` and `/tls` mean TLS) or a URL; both get `/rpc/v1`. A token ends at the first colon, unless the text
 * begins with `/` or a URL scheme. Source: filecoin-project/lotus cli/util/apiinfo.go.
 * @throws ChainError NODES_INVALID
 */
export function parseApiInfo(text: string): NodeAddress[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0) throw invalid('no chain node given', text)
  return parts.map(parseOne)
}

function parseOne(part: string): NodeAddress {
  const bare = part.startsWith('/') || /^[a-z][a-z0-9+.-]*:\/\//i.test(part)
  const colon = bare ? -1 : part.indexOf(':')
  const token = colon < 0 ? undefined : part.slice(0, colon)
  const shown = colon < 0 ? part : part.slice(colon + 1)
  const url = shown.startsWith('/') ? multiaddrUrl(shown) : plainUrl(shown)
  const secure = url.protocol === 'https:' || url.protocol === 'wss:'
  const rest = `//${url.host}${rpcPath(url.pathname)}${url.search}`
  return {
    ...(token === undefined || token === '' ? {} : { token }),
    httpUrl: `${secure ? 'https' : 'http'}:${rest}`,
    webSocketUrl: `${secure ? 'wss' : 'ws'}:${rest}`,
    shown,
  }
}

function rpcPath(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  return /\/rpc\/v\d+$/.test(trimmed) ? trimmed : `${trimmed}/rpc/v1`
}

function plainUrl(text: string): URL {
  const url = urlOf(text, 'neither a multiaddr nor a URL', text)
  if (!/^(https?|wss?):$/.test(url.protocol)) throw invalid(`cannot speak ${url.protocol}//`, text)
  return url
}

function multiaddrUrl(text: string): URL {
  const [, kind, host, transport, port, ...rest] = text.split('/')
  if (host === undefined || transport !== 'tcp' || !/^\d{1,5}$/.test(port ?? '')) {
    throw invalid('expected /ip4/HOST/tcp/PORT/http', text)
  }
  const secure = rest.some((part) => part === 'wss' || part === 'https' || part === 'tls')
  switch (kind) {
    case 'ip4':
    case 'dns':
    case 'dns4':
    case 'dns6':
      return urlOf(`${secure ? 'https' : 'http'}://${host}:${port}`, 'no host and port', text)
    case 'ip6':
      return urlOf(`${secure ? 'https' : 'http'}://[${host}]:${port}`, 'no host and port', text)
    default:
      throw invalid(`cannot dial /${kind}`, text)
  }
}

function urlOf(url: string, reason: string, text: string): URL {
  try {
    return new URL(url)
  } catch (cause) {
    throw invalid(reason, text, cause)
  }
}

function invalid(reason: string, text: string, cause?: unknown): ChainError {
  const hidden = text.replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>')
  return new ChainError('NODES_INVALID', { text: `${reason}: ${hidden}` }, { cause })
}
