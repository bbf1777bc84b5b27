/** Drawn at genesis, never changed. Amounts as decimal strings. */
export interface GenesisFact {
  readonly networkName: string
  readonly keySetDigest: string
  readonly genesisTimestamp: number
  readonly blockDelaySeconds: number
  readonly faucet: string
  readonly genesisBlock: string
}

export interface MempoolFact {
  readonly priorityAddresses: readonly string[]
  readonly sizeLimitHigh: number
  readonly sizeLimitLow: number
  readonly replaceByFeeRatio: number
  readonly pruneCooldownNanoseconds: string
  readonly gasLimitOverestimation: number
}

/** Source: filecoin-project/lotus chain/messagepool/config.go. */
export const defaultMempool: MempoolFact = {
  priorityAddresses: [],
  sizeLimitHigh: 30_000,
  sizeLimitLow: 20_000,
  replaceByFeeRatio: 1.25,
  pruneCooldownNanoseconds: '60000000000',
  gasLimitOverestimation: 1.25,
}
