import { describe, expect, it } from 'vitest'
import { DataServer } from '../testing/data-server.js'
import { AddressGuard, isPublic } from './address-guard.js'
import { fetchHttp } from './fetch-http.js'

describe('addresses a transfer may be fetched from', () => {
  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '::ffff:1.1.1.1',
    '64:ff9b::808:808',
    '2002:808:808::1',
  ])('%s is public', (address) => {
    expect(isPublic(address)).toBe(true)
  })

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '2001:db8::1',
    'not an address',
  ])('%s is not', (address) => {
    expect(isPublic(address)).toBe(false)
  })

  it('refuses a name whose addresses are private, and literals in brackets', async () => {
    const guard = new AddressGuard(false)
    await expect(guard.dialable('localhost')).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
      remedy: 'drop',
    })
    await expect(guard.dialable('[::1]')).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN' })
    await expect(guard.dialable('10.0.0.1')).rejects.toThrow(
      'downloading from private ip addresses is not allowed',
    )
  })

  it('lets them through where the operator allows it', async () => {
    const guard = new AddressGuard(true)
    expect(await guard.dialable('127.0.0.1')).toEqual({ address: '127.0.0.1', family: 4 })
  })

  it('checks the address that is dialled, whatever the name answered before', async () => {
    const answers = ['1.1.1.1', '127.0.0.1']
    const guard = new AddressGuard(false, async () => [{ address: answers.shift() ?? '', family: 4 }])
    const wanted = { offset: 0, size: 10, validator: null }
    const signal = AbortSignal.timeout(5_000)
    const fetched = fetchHttp({
      url: 'http://rebinding.example/',
      headers: {},
      wanted,
      guard,
      stallMs: 1_000,
      signal,
    })
    await expect(fetched).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
      facts: { address: '127.0.0.1' },
    })
    expect(answers).toEqual([])
  })

  it('refuses a name of which one address only is private', async () => {
    const both = [
      { address: '1.1.1.1', family: 4 },
      { address: '10.0.0.7', family: 4 },
    ]
    await expect(new AddressGuard(false, async () => both).dialable('mixed.example')).rejects.toMatchObject({
      code: 'ADDRESS_FORBIDDEN',
    })
  })

  it('hands sockets only checked addresses', async () => {
    const { lookup } = new AddressGuard(false)
    const error = await new Promise((resolve) => lookup('localhost', {}, resolve))
    expect(error).toMatchObject({ code: 'ADDRESS_FORBIDDEN' })
  })
})

describe('a redirect', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://10.0.0.1:8080/x',
    'http://inside.example/x',
    'http://2130706433/',
    'http://0x7f.1/',
  ])('to %s is not followed', async (location) => {
    const server = await new DataServer().listen()
    const url = server.put('/moved', new Uint8Array(10), (_request, response) =>
      response.writeHead(302, { location }).end(),
    )
    // The test's own server stands for a public one: its address, and no other of ours, is let through once.
    let hops = 0
    const guard = new AddressGuard(
      false,
      async () => [{ address: '192.168.0.1', family: 4 }],
      (address) => (address === '127.0.0.1' && hops++ === 0) || isPublic(address),
    )
    const fetched = fetchHttp({
      url,
      headers: {},
      wanted: { offset: 0, size: 10, validator: null },
      guard,
      stallMs: 1_000,
      signal: AbortSignal.timeout(5_000),
    })
    await expect(fetched).rejects.toMatchObject({ code: 'ADDRESS_FORBIDDEN' })
    expect(server.asked('/moved')).toHaveLength(1)
  })
})
