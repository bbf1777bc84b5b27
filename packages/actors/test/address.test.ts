import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  type AddressErrorCode,
  actorAddress,
  address,
  addressBytes,
  addressFromBytes,
  addressProtocol,
  delegatedAddress,
  ethereumAddress,
  formatAddress,
  idAddress,
  idOf,
  keyAddress,
  parseAddress,
  protocolOfAddress,
  undefinedAddress,
} from '../src/index.js'
import { bytes, codeOf, failureOf, hex, isUnsafe } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'address.json')

interface Valid extends RecordedCase {
  protocol: keyof typeof addressProtocol
  bytes: string
  payload: string
  mainnet: string
  testnet: string
  cbor: string
  id?: number | string
}

const classes: Record<string, AddressErrorCode> = {
  ErrInvalidLength: 'INVALID_LENGTH',
  ErrInvalidPayload: 'INVALID_PAYLOAD',
  ErrInvalidEncoding: 'INVALID_ENCODING',
  ErrInvalidChecksum: 'INVALID_CHECKSUM',
  ErrUnknownNetwork: 'UNKNOWN_NETWORK',
  ErrUnknownProtocol: 'UNKNOWN_PROTOCOL',
  other: 'ILLEGAL_CHARACTER',
}

describe('recorded addresses', () => {
  it.each(recorded<Valid>('valid'))('reads and writes $mainnet', (c) => {
    const parsed = parseAddress(c.mainnet)
    expect(parsed).toBe(c.mainnet)
    expect(parseAddress(c.testnet)).toBe(parsed)
    expect(formatAddress(parsed, 't')).toBe(c.testnet)
    expect(hex(addressBytes(parsed))).toBe(c.bytes)
    expect(hex(addressBytes(parsed).slice(1))).toBe(c.payload)
    expect(addressFromBytes(bytes(c.bytes))).toBe(parsed)
    expect(hex(address.encode(parsed))).toBe(c.cbor)
    expect(address.decode(bytes(c.cbor))).toBe(parsed)
    expect(protocolOfAddress(parsed)).toBe(addressProtocol[c.protocol])
    if (c.id === undefined) {
      expect(idOf(parsed)).toBeUndefined()
    } else {
      expect(idAddress(BigInt(c.id))).toBe(parsed)
      if (isUnsafe(c.id)) expect(codeOf(() => idOf(parsed))).toBe('UNSAFE_INTEGER')
      else expect(idOf(parsed)).toBe(c.id)
    }
  })

  it.each(
    recorded<
      RecordedCase & {
        input: string
        bytes: string
        canonical_mainnet: string
        error_class: string
        undefined?: boolean
      }
    >('parse'),
  )('parses "$input" as the reference does', (c) => {
    if (c.ok) {
      const parsed = parseAddress(c.input)
      if (c.undefined === true) expect(parsed).toBe(undefinedAddress)
      else {
        expect(parsed).toBe(c.canonical_mainnet)
        expect(hex(addressBytes(parsed))).toBe(c.bytes)
      }
      return
    }
    const failure = failureOf(() => parseAddress(c.input))
    expect(failure).toMatchObject({ code: classes[c.error_class], message: c.error })
  })

  it.each(
    recorded<RecordedCase & { bytes: string; mainnet?: string; error_class: string; undefined?: boolean }>(
      'from_bytes',
    ),
  )('reads bytes $bytes as the reference does', (c) => {
    if (c.ok) expect(addressFromBytes(bytes(c.bytes))).toBe(c.undefined ? undefinedAddress : c.mainnet)
    else
      expect(failureOf(() => addressFromBytes(bytes(c.bytes)))).toMatchObject({
        code: classes[c.error_class],
        message: c.error,
      })
  })

  it.each(recorded<RecordedCase & { cbor: string; mainnet?: string; unread_bytes?: number }>('from_cbor'))(
    'reads CBOR $cbor as the reference does',
    (c) => {
      if (!c.ok) expect(failureOf(() => address.decodePrefix(bytes(c.cbor)))?.name).toBe('CborError')
      else expect(address.decodePrefix(bytes(c.cbor))).toMatchObject({ unreadBytes: c.unread_bytes ?? 0 })
    },
  )

  it.each(
    recorded<RecordedCase & { public_key_uncompressed: string; bytes: string; mainnet: string }>(
      'from_secp256k1_key',
    ),
  )('names the secp256k1 key of $mainnet', (c) => {
    expect(keyAddress('secp256k1', bytes(c.public_key_uncompressed))).toBe(c.mainnet)
  })

  it.each(recorded<RecordedCase & { data: string; mainnet: string }>('from_actor_data'))(
    'names the actor $mainnet',
    (c) => {
      expect(actorAddress(bytes(c.data))).toBe(c.mainnet)
    },
  )

  it.each(recorded<RecordedCase & { eth_address: string; mainnet: string }>('from_eth'))(
    'names the account $eth_address',
    (c) => {
      expect(ethereumAddress(bytes(c.eth_address.slice(2).toLowerCase()))).toBe(c.mainnet)
    },
  )

  it.each(recorded<RecordedCase & { id: string }>('new_id_invalid'))('refuses actor number $id', (c) => {
    expect(failureOf(() => idAddress(BigInt(c.id)))).toMatchObject({ message: c.error })
  })

  it.each(recorded<RecordedCase & { namespace: number; subaddress_length: number }>('new_delegated_invalid'))(
    'refuses a subaddress of $subaddress_length bytes',
    (c) => {
      expect(
        failureOf(() => delegatedAddress(BigInt(c.namespace), new Uint8Array(c.subaddress_length))),
      ).toMatchObject({
        message: c.error,
      })
    },
  )

  it.each(recorded('to_cbor_undefined'))('cannot write the undefined address, as recorded', (c) => {
    expect(c.ok).toBe(false)
  })

  it('cannot write the undefined address', () => {
    expect(codeOf(() => address.encode(undefinedAddress))).toBe('INVALID_VALUE')
  })
})
