import { changePeerIdParams } from '@sealane/actors'
import { decodeParams } from '../run/decode-params.js'
import type { Runtime } from '../run/runtime.js'
import { checkPeerInfo } from './check-peer-info.js'
import { requireController } from './control-addresses.js'
import { minerOf } from './miner-funds.js'

/** Method 4. */
export function changePeerId(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { newId } = decodeParams(changePeerIdParams, bytes)
  checkPeerInfo(newId, [])
  requireController(runtime)
  runtime.update((draft) => {
    minerOf(draft, runtime.receiver).info.peerId = newId
  })
  return new Uint8Array()
}
