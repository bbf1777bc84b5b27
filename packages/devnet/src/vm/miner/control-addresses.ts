import { getControlAddressesReturn, idAddress } from '@sealane/actors'
import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import type { MinerInfo } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'
import { receivingMiner } from './receiving-miner.js'

/** Owner, worker and control addresses: who may act for the miner. */
export function controllers(info: DeepReadonly<MinerInfo>): number[] {
  return [...info.controls, info.worker, info.owner]
}

/** Aborts (18) unless the caller controls the miner. */
export function requireController(runtime: Runtime): void {
  requireCaller(runtime, controllers(receivingMiner(runtime).info))
}

/** Method 2. */
export function controlAddresses(runtime: Runtime): Uint8Array {
  const { owner, worker, controls } = receivingMiner(runtime).info
  const controlAddrs = controls.map(idAddress)
  return getControlAddressesReturn.encode({
    owner: idAddress(owner),
    worker: idAddress(worker),
    controlAddrs,
  })
}
