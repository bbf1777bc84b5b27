import { type KeyInfo, publicKey, verify } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  bytesFromJson,
  chainLengthBytes,
  checkForBlockInclusion,
  cidBytes,
  decodeMessage,
  decodeSignedMessage,
  effectiveGasPremium,
  encodeMessage,
  encodeSignedMessage,
  idAddress,
  isDefined,
  keyAddress,
  type Message,
  type MessageJson,
  message,
  messageCid,
  messageFromJson,
  messageToJson,
  parseAddress,
  requiredFunds,
  type SignedMessageJson,
  signatureBytes,
  signedMessageCid,
  signedMessageFromJson,
  signedMessageToJson,
  signerOf,
  signingBytes,
} from '../src/index.js'
import { bytes, codeOf, failureOf, hex, isUnsafe } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'message.json')

interface Fields {
  Version: number
  To: string
  From: string
  Nonce: number | string
  Value: string
  GasLimit: number | string
  GasFeeCap: string
  GasPremium: string
  Method: number | string
  Params: string
}

function fromFields(f: Fields): Message {
  return {
    version: 0,
    to: parseAddress(f.To),
    from: parseAddress(f.From),
    nonce: Number(f.Nonce),
    value: attoFil(BigInt(f.Value)),
    gasLimit: Number(f.GasLimit),
    gasFeeCap: attoFil(BigInt(f.GasFeeCap)),
    gasPremium: attoFil(BigInt(f.GasPremium)),
    method: Number(f.Method),
    params: bytes(f.Params),
  }
}

function hasUnsafe(f: Fields): boolean {
  return isUnsafe(f.Nonce) || isUnsafe(f.GasLimit) || isUnsafe(f.Method)
}

/** Go prints absent params as null and empty ones as "": the chain knows no difference, we always print null. */
function withoutEmptyParams<T extends Pick<MessageJson, 'Params'>>(json: T): T {
  return { ...json, Params: json.Params === '' ? null : json.Params }
}

function fits(json: MessageJson): boolean {
  return json.Version === 0 && [json.Nonce, json.Method, json.GasLimit].every((n) => Number.isSafeInteger(n))
}

function keyOf(c: { private_key?: string; private_key_le?: string }): KeyInfo | undefined {
  if (c.private_key_le !== undefined) return { type: 'bls', privateKey: bytes(c.private_key_le) }
  if (c.private_key !== undefined) return { type: 'secp256k1', privateKey: bytes(c.private_key) }
  return undefined
}

describe('recorded messages', () => {
  it.each(
    recorded<
      RecordedCase & {
        fields: Fields
        cbor: string
        cid: string
        cid_bytes: string
        json: string
        chain_length: number
        required_funds: string
        sign_bytes: string
      }
    >('message'),
  )('writes, names and prints: $name', (c) => {
    if (c.fields.Version !== 0) {
      expect(codeOf(() => decodeMessage(bytes(c.cbor)))).toBe('INVALID_VALUE')
      expect(codeOf(() => messageFromJson(JSON.parse(c.json)))).toBe('INVALID_VALUE')
      return
    }
    if (hasUnsafe(c.fields)) {
      expect(codeOf(() => decodeMessage(bytes(c.cbor)))).toBe('UNSAFE_INTEGER')
      expect(codeOf(() => messageFromJson(JSON.parse(c.json)))).toBe('UNSAFE_INTEGER')
      return
    }
    const value = fromFields(c.fields)
    expect(hex(encodeMessage(value))).toBe(c.cbor)
    expect(decodeMessage(bytes(c.cbor))).toEqual(value)
    expect(messageCid(value)).toBe(c.cid)
    expect(hex(cidBytes(messageCid(value)))).toBe(c.cid_bytes)
    expect(hex(signingBytes(value))).toBe(c.sign_bytes)
    expect(encodeMessage(value)).toHaveLength(c.chain_length)
    expect(`${requiredFunds(value)}`).toBe(c.required_funds)
    expect(JSON.stringify(messageToJson(value))).toBe(JSON.stringify(withoutEmptyParams(JSON.parse(c.json))))
    expect(messageFromJson(JSON.parse(c.json))).toEqual(value)
  })

  it.each(
    recorded<
      RecordedCase & {
        message_cid: string
        signature: string
        signature_wire?: string
        signed_cid: string
        cid_equals_unsigned: boolean
        chain_length?: number
        cbor: string
        json?: string
        private_key?: string
        private_key_le?: string
      }
    >('signed_message'),
  )('reads and names the signed message: $name', (c) => {
    const json = c.json === undefined ? undefined : (JSON.parse(c.json) as SignedMessageJson)
    if (json !== undefined && !fits(json.Message)) {
      const reason = json.Message.Version === 0 ? 'UNSAFE_INTEGER' : 'INVALID_VALUE'
      expect(codeOf(() => decodeSignedMessage(bytes(c.cbor)))).toBe(reason)
      expect(codeOf(() => signedMessageFromJson(json))).toBe(reason)
      return
    }
    const signed = decodeSignedMessage(bytes(c.cbor))
    expect(hex(encodeSignedMessage(signed))).toBe(c.cbor)
    expect(messageCid(signed.message)).toBe(c.message_cid)
    expect(signedMessageCid(signed)).toBe(c.signed_cid)
    expect(signedMessageCid(signed) === messageCid(signed.message)).toBe(c.cid_equals_unsigned)
    expect(hex(signed.signature.data)).toBe(c.signature)
    if (c.signature_wire !== undefined) expect(hex(signatureBytes(signed.signature))).toBe(c.signature_wire)
    if (c.chain_length !== undefined) expect(chainLengthBytes(signed)).toBe(c.chain_length)
    if (json !== undefined) {
      expect(signedMessageToJson(signed)).toEqual({ ...json, Message: withoutEmptyParams(json.Message) })
      expect(signedMessageFromJson(json)).toEqual(signed)
    }
    const key = keyOf(c)
    if (key === undefined) return
    // Some cases are signed by another key than their sender's: here only the bytes that are signed matter.
    const signer = signerOf(keyAddress(key.type, publicKey(key)))
    expect(verify(signed.signature, signer, signingBytes(signed.message))).toBe(true)
    const other = { ...signed.message, nonce: signed.message.nonce + 1 }
    expect(verify(signed.signature, signer, signingBytes(other))).toBe(false)
  })

  it.each(recorded<RecordedCase & { json: string; cid: string; fields: Fields }>('json_decode'))(
    'reads JSON: $name',
    (c) => {
      const read = () => messageFromJson(JSON.parse(c.json))
      if (!c.ok) {
        expect(codeOf(read)).toMatch(/^(INVALID_VALUE|UNKNOWN_PROTOCOL|UNSAFE_INTEGER)$/)
        return
      }
      expect(read()).toEqual(fromFields(c.fields))
      expect(messageCid(read())).toBe(c.cid)
    },
  )

  it.each(recorded<RecordedCase & { cbor: string; cid: string; reencodes_same: boolean }>('cbor_decode'))(
    'reads CBOR: $name',
    (c) => {
      if (!c.ok) {
        expect(failureOf(() => message.decodePrefix(bytes(c.cbor)))?.name).toBe('CborError')
        return
      }
      const { value } = message.decodePrefix(bytes(c.cbor))
      expect(messageCid(value)).toBe(c.cid)
      expect(hex(encodeMessage(value)) === c.cbor).toBe(c.reencodes_same)
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        min_gas: number
        to: string
        from: string
        version: number
        value: string | null
        gas_limit: number
        gas_fee_cap: string | null
        gas_premium: string | null
      }
    >('valid_for_block_inclusion'),
  )('judges a message as the mempool does: $name', (c) => {
    // Our Message cannot hold a missing amount or address; what would be one is refused where it enters.
    if (
      c.value === null ||
      c.gas_fee_cap === null ||
      c.gas_premium === null ||
      !isDefined(parseAddress(c.to ?? ''))
    ) {
      expect(c.ok).toBe(false)
      return
    }
    const candidate = {
      ...fromFields({
        Version: 0,
        To: c.to,
        From: c.from,
        Nonce: 0,
        Value: c.value,
        GasLimit: c.gas_limit,
        GasFeeCap: c.gas_fee_cap,
        GasPremium: c.gas_premium,
        Method: 0,
        Params: '',
      }),
      version: c.version as 0,
    }
    expect(failureOf(() => checkForBlockInclusion(candidate, c.min_gas))?.message ?? null).toBe(c.error)
  })

  it.each(
    recorded<
      RecordedCase & {
        gas_fee_cap: string
        gas_premium: string
        base_fee: number | string
        effective: string
      }
    >('effective_gas_premium'),
  )('pays the producer $effective at base fee $base_fee', (c) => {
    const value: Message = {
      version: 0,
      to: idAddress(1000),
      from: idAddress(1001),
      nonce: 0,
      value: attoFil(0n),
      gasLimit: 1,
      gasFeeCap: attoFil(BigInt(c.gas_fee_cap)),
      gasPremium: attoFil(BigInt(c.gas_premium)),
      method: 0,
      params: new Uint8Array(0),
    }
    expect(`${effectiveGasPremium(value, attoFil(BigInt(c.base_fee)))}`).toBe(c.effective)
  })

  it.each([
    ...recorded<RecordedCase & { public_key_uncompressed: string; address: string }>('secp256k1_sign').map(
      (c) => ({
        kind: 'secp256k1' as const,
        key: c.public_key_uncompressed,
        address: c.address,
      }),
    ),
    ...recorded<RecordedCase & { public_key: string; address: string }>('bls_sign').map((c) => ({
      kind: 'bls' as const,
      key: c.public_key,
      address: c.address,
    })),
  ])('names the $kind key of $address', (c) => {
    expect(keyAddress(c.kind, bytes(c.key))).toBe(c.address)
  })

  it.each(
    recorded<RecordedCase & { address: string; message: string; signature: string }>('secp256k1_verify'),
  )('gives the verifier the signer of an address: $name', (c) => {
    const signer = () => signerOf(parseAddress(c.address))
    const failure = failureOf(signer)
    if (failure !== undefined) {
      expect(c.ok).toBe(false)
      return
    }
    const signature = { type: 1 as const, data: bytes(c.signature) }
    expect(verify(signature, signer(), bytes(c.message))).toBe(c.ok)
  })

  it.each(recorded<RecordedCase & { public_key: string; message: string; signature: string }>('bls_verify'))(
    'verifies with a BLS key address: $name',
    (c) => {
      const key = bytes(c.public_key)
      const failure = failureOf(() => keyAddress('bls', key))
      if (failure !== undefined) {
        expect(c.ok).toBe(false)
        return
      }
      const signature = { type: 2 as const, data: bytes(c.signature) }
      expect(verify(signature, signerOf(keyAddress('bls', key)), bytes(c.message))).toBe(c.ok)
    },
  )

  it('refuses base64 that Go would refuse', () => {
    for (const text of ['AA', 'AA=', 'A===', 'AAA', 'AA-_', 'AAAA='])
      expect(codeOf(() => bytesFromJson(text))).toBe('INVALID_VALUE')
    expect(bytesFromJson('AAA=')).toEqual(new Uint8Array(2))
    expect(bytesFromJson(null)).toEqual(new Uint8Array(0))
  })
})
