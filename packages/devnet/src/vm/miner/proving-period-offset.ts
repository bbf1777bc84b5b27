import { address, idAddress } from '@sealane/actors'
import { blake2b256 } from '@sealane/crypto'
import { policy } from '../policy.js'

/**
 * Where in 2,880 epochs a new miner's proving period starts: a hash of its ID address (as CBOR) and the epoch.
 * Source: builtin-actors miner lib.rs assign_proving_period_offset.
 */
export function provingPeriodOffset(miner: number, epoch: number): number {
  const name = address.encode(idAddress(miner))
  const seed = new Uint8Array(name.length + 8)
  seed.set(name)
  new DataView(seed.buffer).setBigInt64(name.length, BigInt(epoch))
  const digest = blake2b256(seed)
  const first = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
  return Number(first % BigInt(policy.provingPeriod))
}
