import { base64, type Cid, dagCborCid } from '@sealane/actors'
import { freeze } from 'immer'
import type { ChainState } from './chain-state.js'

/** A state's text is of another version, or not a state at all. */
export class StateFormatError extends Error {
  override readonly name = 'StateFormatError'
  readonly code = 'STATE_FORMAT'
  readonly remedy = 'halt'
}

/** A state as text: see {@link encodeValue}. */
export function encodeState(state: ChainState): string {
  return encodeValue(state)
}

/** JSON with big integers as `{"$int": "123"}` and bytes as `{"$bytes": "base64"}`. */
export function encodeValue(plain: unknown): string {
  return JSON.stringify(plain, (_key, value: unknown) => {
    if (typeof value === 'bigint') return { $int: value.toString() }
    if (value instanceof Uint8Array) return { $bytes: base64.encode(value) }
    return value
  })
}

/** The inverse of {@link encodeState}. @throws StateFormatError */
export function decodeState(text: string): ChainState {
  const state = JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value
    if ('$int' in value && typeof value.$int === 'string') return BigInt(value.$int)
    if ('$bytes' in value && typeof value.$bytes === 'string') return base64.decode(value.$bytes)
    return value
  }) as ChainState
  if (state?.version !== 1) throw new StateFormatError('not a chain state of version 1')
  return freeze(state, true)
}

const utf8 = new TextEncoder()
const roots = new WeakMap<object, Cid>()

/** Names a state: the CID of its text. It is this chain's own tree, not the HAMTs and AMTs of a real one. */
export function stateRoot(state: ChainState): Cid {
  return rootOf(state)
}

/** The CID of any frozen part of a state; taken once per object. */
export function rootOf(part: object): Cid {
  const known = roots.get(part)
  if (known !== undefined) return known
  const root = dagCborCid(utf8.encode(encodeValue(part)))
  roots.set(part, root)
  return root
}
