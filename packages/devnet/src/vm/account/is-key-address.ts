import { type Address, addressBytes } from '@sealane/actors'

/** True for addresses made from a public key (f1 secp256k1, f3 BLS): the ones that become accounts on first receive. */
export function isKeyAddress(address: Address): boolean {
  const protocol = addressBytes(address)[0]
  return protocol === 1 || protocol === 3
}
