import { type Address, formatAddress, isDefined } from '@sealane/actors'
import { simplifications as rules } from '../vm/index.js'

/** Network version 28: builtin actors v18. */
export const networkVersion = 28

/** Padded bytes. */
export const sectorSizes: readonly bigint[] = [2048n, 8n * 1024n * 1024n]

/** Anyone can tell this chain from a real one by its name, and which proof keys it takes. */
export function networkNameOf(keySetDigest: string): string {
  return `sealane-devnet-${keySetDigest.slice(0, 16)}`
}

/** An address as this network prints it. */
export function shown(address: Address): string {
  return isDefined(address) ? formatAddress(address, 't') : address
}

/** What is not as on a real network, in the rules and around them. Shown by `devnet info`, and kept true. */
export const simplifications: readonly string[] = [
  'one block producer without power: every round has one block unless null rounds are asked for',
  'no VRFs, no block signatures, no winning proofs: tickets, beacon and election proofs are derived from a seed',
  'block headers carry the empty BLS aggregate; message signatures are verified when a message enters the pool',
  'premium estimates are without lotus’ random noise; blocks take the best paid messages first, without looking ahead',
  'ChainReadObj serves blocks and messages, not state; StateReadState serves accounts only',
  'no F3, no events, no EVM, no multisig, no payment channels, no peers',
  ...rules,
]
