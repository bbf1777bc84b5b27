import { policyFor } from '@sealane/actors'

/** The rules' numbers: mainnet's at network version 28, but for what 2k networks shorten (challenge delay, least power). */
export const policy = policyFor('devnet-2k', 28)

/** Epochs in a day of the chain's own making, however long an epoch takes here. */
export const epochsInDay = 2880
