import { nextBaseFee as rule } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import { policy } from '../policy.js'
import type { GasBid } from './gas-outputs.js'

/** Gas that one block may hold. */
export const blockGasLimit = BigInt(policy.blockGasLimit)

/** The base fee of the next tipset, by the rule of network version 28 (FIP-0115). */
export function nextBaseFee(baseFee: AttoFil, messages: readonly GasBid[]): AttoFil {
  return rule(policy, baseFee, messages)
}
