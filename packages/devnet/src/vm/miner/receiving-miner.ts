import type { Runtime } from '../run/runtime.js'
import type { MinerTables } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** The state of the miner that was called. */
export function receivingMiner(runtime: Runtime): DeepReadonly<MinerTables> {
  const miner = runtime.state.miners[runtime.receiver]
  if (miner === undefined) throw new Error(`actor ${runtime.receiver} is not a miner`)
  return miner
}
