import { describe, expect, it } from 'vitest'
import { HostError } from '../errors/host-error.js'
import { hostAndPort } from './host-and-port.js'

describe('an address to listen on', () => {
  it('is a name or an address, and a port', () => {
    expect(hostAndPort('127.0.0.1:1234')).toEqual({ host: '127.0.0.1', port: 1234 })
    expect(hostAndPort('[::1]:0')).toEqual({ host: '::1', port: 0 })
  })
  it.each(['1234', 'host', 'host:', 'host:70000', '::1:5'])('is not %s', (text) => {
    expect(() => hostAndPort(text)).toThrow(HostError)
  })
})
