import { changeMultiaddrsParams } from '@sealane/actors'
import { decodeParams } from '../run/decode-params.js'
import type { Runtime } from '../run/runtime.js'
import { checkPeerInfo } from './check-peer-info.js'
import { requireController } from './control-addresses.js'
import { minerOf } from './miner-funds.js'

/** Method 18. */
export function changeMultiaddrs(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { newMultiaddrs } = decodeParams(changeMultiaddrsParams, bytes)
  checkPeerInfo(new Uint8Array(), newMultiaddrs)
  requireController(runtime)
  runtime.update((draft) => {
    minerOf(draft, runtime.receiver).info.multiaddrs = newMultiaddrs
  })
  return new Uint8Array()
}
