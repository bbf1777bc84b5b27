import { address } from '../address.js'
import { bigInt, bigIntBytes } from '../bigint.js'
import { int } from '../cbor/scalars.js'
import { tuple } from '../cbor/structures.js'
import { filterEstimate } from './power.js'

/** Method 2; sent by the system actor once per block. Amounts in attoFIL. */
export const awardBlockRewardParams = tuple({
  miner: address,
  penalty: bigIntBytes,
  gasReward: bigIntBytes,
  winCount: int,
})

/** Method 3: the smoothed reward per epoch, and baseline power in bytes. */
export const thisEpochRewardReturn = tuple({
  thisEpochRewardSmoothed: filterEstimate,
  thisEpochBaselinePower: bigInt,
})
