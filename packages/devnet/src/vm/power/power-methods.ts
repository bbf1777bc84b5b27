import type { ActorMethod } from '../run/runtime.js'
import { createMiner } from './create-miner.js'

/** Methods of f04; the exported number is that of FRC-42. */
export const powerMethods: { readonly [method: number]: ActorMethod | undefined } = {
  2: createMiner,
  1173380165: createMiner,
}
