import type { Address } from '@sealane/actors'
import type { AttoFil } from '@sealane/fil-units'
import type { EconomicsSnapshot } from './economics-snapshot.js'

export interface GenesisConfig {
  networkName: string
  networkVersion: 28
  /** Bytes. Miners of any of these sizes may be created. */
  sectorSizes: bigint[]
  /** Digest of the proof key set whose proofs this chain accepts. */
  keySetDigest: string
  /** Key address (f1 or f3) that holds `faucetBalance` from the start, as f0100. */
  faucet: Address
  faucetBalance: AttoFil
  /** Unix seconds. */
  genesisTimestamp: number
  blockDelaySeconds: number
  economics: EconomicsSnapshot
}
