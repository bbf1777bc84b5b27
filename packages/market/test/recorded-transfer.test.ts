import { recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  decodeTransferParams,
  encodeTransferParams,
  parseTransferUrl,
  TransferParamsError,
} from '../src/transfer/codec.js'

interface ParamsCase {
  kind: 'http_params_json_encode' | 'http_params_json_decode'
  url: string
  headers: Record<string, string> | null
  json: string
  json_hex: string
  ok?: boolean
}
interface UrlCase {
  kind: 'transfer_url'
  url: string
  ok: boolean
  error?: string
  scheme: string
  parsed_url: string
  host?: string
  peer_id?: string
  multiaddr?: string
}

const recorded = recordedCases(import.meta.filename, 'market-mk12.json')
const urls = recorded<UrlCase>('transfer_url')

describe('transfer parameters, as Boost writes and reads them', () => {
  it.each(recorded<ParamsCase>('http_params_json_encode'))('writes $json', ({ url, headers, json }) => {
    expect(new TextDecoder().decode(encodeTransferParams({ url, headers }))).toBe(json)
    expect(decodeTransferParams(new TextEncoder().encode(json))).toEqual({ url, headers })
  })

  it.each(recorded<ParamsCase>('http_params_json_decode'))('reads $json_hex', (c) => {
    const bytes = Uint8Array.from(c.json_hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16))
    if (c.ok === true) expect(decodeTransferParams(bytes)).toEqual({ url: c.url, headers: c.headers })
    else expect(() => decodeTransferParams(bytes)).toThrow(TransferParamsError)
  })

  it.each(urls.filter((c) => c.ok))(
    'takes apart $url',
    ({ url, scheme, parsed_url, host, peer_id, multiaddr }) => {
      if (scheme === 'libp2p') {
        expect(parseTransferUrl(url)).toEqual({ scheme, peerId: peer_id, address: multiaddr })
        expect(`libp2p://${peer_id}`).toBe(parsed_url)
      } else {
        expect(parseTransferUrl(url)).toEqual({ scheme, url: parsed_url, host })
      }
    },
  )

  it.each(urls.filter((c) => !c.ok))('refuses $url', ({ url, error }) => {
    expect(() => parseTransferUrl(url)).toThrow(TransferParamsError)
    expect(() => parseTransferUrl(url)).toThrow(error)
  })
})
