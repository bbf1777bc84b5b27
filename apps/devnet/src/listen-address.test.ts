import { describe, expect, it } from 'vitest'
import { listenAddress } from './listen-address.js'

describe('rpc.listen', () => {
  it('takes a name or an address and a port', () => {
    expect(listenAddress('127.0.0.1:1234')).toEqual({ host: '127.0.0.1', port: 1234 })
    expect(listenAddress('[::1]:0')).toEqual({ host: '::1', port: 0 })
  })
  it.each(['1234', 'host', 'host:', 'host:70000', '::1:5'])('refuses %s', (text) => {
    expect(() => listenAddress(text)).toThrow(RangeError)
  })
})
