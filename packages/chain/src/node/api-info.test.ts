import { describe, expect, it } from 'vitest'
import { parseApiInfo } from './api-info.js'

const jwt = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJBbGxvdyI6WyJyZWFkIl19.abc-_'

describe('FULLNODE_API_INFO', () => {
  it('is a token, a colon and a multiaddr', () => {
    expect(parseApiInfo(`${jwt}:/ip4/127.0.0.1/tcp/1234/http`)).toEqual([
      {
        token: jwt,
        httpUrl: 'http://127.0.0.1:1234/rpc/v1',
        webSocketUrl: 'ws://127.0.0.1:1234/rpc/v1',
        shown: '/ip4/127.0.0.1/tcp/1234/http',
      },
    ])
  })
  it('may lack the token, and may be a URL', () => {
    expect(parseApiInfo('/dns/node.example/tcp/443/wss')).toMatchObject([
      { httpUrl: 'https://node.example/rpc/v1', webSocketUrl: 'wss://node.example/rpc/v1' },
    ])
    expect(parseApiInfo('/ip6/::1/tcp/1234')).toMatchObject([{ httpUrl: 'http://[::1]:1234/rpc/v1' }])
    expect(parseApiInfo('http://10.0.0.1:1234')).toMatchObject([{ httpUrl: 'http://10.0.0.1:1234/rpc/v1' }])
    expect(parseApiInfo('wss://api.node.glif.io/rpc/v1?token=x')).toMatchObject([
      { httpUrl: 'https://api.node.glif.io/rpc/v1?token=x' },
    ])
    expect(parseApiInfo(`${jwt}:https://a.example/fil`)).toMatchObject([
      { token: jwt, httpUrl: 'https://a.example/fil/rpc/v1' },
    ])
  })
  it('may name several nodes', () => {
    const nodes = parseApiInfo(`${jwt}:/ip4/1.2.3.4/tcp/1234/http, /ip4/5.6.7.8/tcp/1234/http`)
    expect(nodes.map(({ token, httpUrl }) => [token, httpUrl])).toEqual([
      [jwt, 'http://1.2.3.4:1234/rpc/v1'],
      [undefined, 'http://5.6.7.8:1234/rpc/v1'],
    ])
  })
  it.each(['', ' , ', '/ip4/1.2.3.4/udp/1234', '/ip4/1.2.3.4', '/unix/x/tcp/1', 'ftp://x', 'token:nonsense'])(
    'refuses %j',
    (text) => {
      expect(() => parseApiInfo(text)).toThrow(expect.objectContaining({ code: 'NODES_INVALID' }))
    },
  )
  it.each(['/dns/node.exaMp le/tcp/443/wss', '/ip6/zz/tcp/1/http', '/dns4/a:b/tcp/99999/http'])(
    'is refused by name when %s is no host and port',
    (text) => {
      expect(() => parseApiInfo(text)).toThrow(expect.objectContaining({ code: 'NODES_INVALID' }))
    },
  )

  it('does not show a token when it refuses', () => {
    expect(() => parseApiInfo(`${jwt}:nonsense`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(jwt) }),
    )
  })
})
