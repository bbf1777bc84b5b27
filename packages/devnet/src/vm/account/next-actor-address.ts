import { type Address, addressFromBytes } from '@sealane/actors'
import { blake2b160 } from '@sealane/crypto'

/**
 * The robust (f2) address of the next actor that a message creates: the hash of the sender's address (as a CBOR
 * byte string), its nonce and how many actors the message made before, both 8 bytes big-endian.
 * Source: filecoin-project/ref-fvm fvm/src/call_manager/default.rs next_actor_address.
 */
export function nextActorAddress(sender: Uint8Array, nonce: number, created: number): Address {
  const header = sender.length < 24 ? [0x40 + sender.length] : [0x58, sender.length]
  const seed = new Uint8Array(header.length + sender.length + 16)
  seed.set(header)
  seed.set(sender, header.length)
  const numbers = new DataView(seed.buffer, header.length + sender.length)
  numbers.setBigUint64(0, BigInt(nonce))
  numbers.setBigUint64(8, BigInt(created))
  return addressFromBytes(new Uint8Array([2, ...blake2b160(seed)]))
}
