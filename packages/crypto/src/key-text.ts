import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { CryptoError } from './crypto-error.js'
import { publicKey } from './key.js'
import type { KeyInfo, KeyType } from './key-info.js'

/** `lotus wallet export`'s form: hex of the JSON `{"Type":"bls","PrivateKey":"<base64>"}`. */
export function exportKey(key: KeyInfo): string {
  const json = JSON.stringify({ Type: key.type, PrivateKey: btoa(String.fromCharCode(...key.privateKey)) })
  return bytesToHex(new TextEncoder().encode(json))
}

/** A JSON object's field by name; Go matches names without regard to case, the exact one first. */
function field(object: object, name: string): unknown {
  const entries = Object.entries(object)
  const exact = entries.find(([key]) => key === name)
  return (exact ?? entries.find(([key]) => key.toLowerCase() === name.toLowerCase()))?.[1]
}

function keyJson(text: string): unknown {
  const trimmed = text.trim()
  try {
    return JSON.parse(trimmed.startsWith('{') ? trimmed : new TextDecoder().decode(hexToBytes(trimmed)))
  } catch {
    // The cause is left behind on purpose: JSON.parse quotes its input, and this input is a private key.
    throw new CryptoError('KEY_TEXT_INVALID', 'neither lotus key hex nor key JSON')
  }
}

function privateKeyBytes(base64: string): Uint8Array {
  let binary = ''
  try {
    binary = atob(base64)
  } catch {
    throw new CryptoError('KEY_TEXT_INVALID', 'PrivateKey is not base64')
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

function keyType(value: unknown): KeyType {
  if (value === 'bls' || value === 'secp256k1') return value
  throw new CryptoError('KEY_TYPE_UNKNOWN', `cannot hold a key of type ${JSON.stringify(value)}`)
}

/**
 * Reads a key as `lotus wallet export` prints it (hex of JSON, surrounding space allowed) or as its JSON.
 * @throws CryptoError KEY_TEXT_INVALID, KEY_TYPE_UNKNOWN (ledger, delegated), or KEY_INVALID for a scalar off the curve's order.
 */
export function importKey(text: string): KeyInfo {
  const json = keyJson(text)
  if (typeof json !== 'object' || json === null) {
    throw new CryptoError('KEY_TEXT_INVALID', 'a key is a JSON object')
  }
  const encoded = field(json, 'PrivateKey')
  if (typeof encoded !== 'string') throw new CryptoError('KEY_TEXT_INVALID', 'PrivateKey is missing')
  const key: KeyInfo = { type: keyType(field(json, 'Type')), privateKey: privateKeyBytes(encoded) }
  publicKey(key) // refuses scalars that could never sign
  return key
}
