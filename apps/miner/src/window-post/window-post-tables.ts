import type { PartitionState } from '@sealane/lifecycle'

export interface PartitionTable {
  miner: string
  /** May be negative on a young chain. */
  period_start: number
  deadline: number
  partition: number
  open: number
  close: number
  challenge: number
  fault_cutoff: number
  state: PartitionState
  state_since_ms: number
  turn: number
  /** Jobs added for this turn; part of their ids. */
  tries: number
  /** When jobs are added again. */
  wake_at: number | null
  why: string | null
  failure: string | null
  all_sectors: string
  to_prove: string
  skipped: string
  /** Beacon randomness of the challenge epoch, 32 bytes. */
  randomness: Uint8Array | null
  /** The turn under which the vanilla proofs of the current proof were read. */
  collect_turn: number | null
  collecting_since_ms: number | null
  collecting_epoch: number | null
  budget_ms: number | null
  alarmed: number
  spoils: number
  proof: Uint8Array | null
  prover: string | null
  message_uuid: string | null
  message_cid: string | null
  submissions: number
  proven_epoch: number | null
  /** What faulty sectors are checked with before they are declared recovered: randomness of an earlier challenge. */
  check_randomness: Uint8Array | null
  /** JSON of the recovery message under way, see recoveries.ts. */
  declaration: string | null
  declarations: number
  retired: number
  done: number
}

export interface VanillaTable {
  row: string
  turn: number
  sector_number: number
  comm_r: Uint8Array
  state: 'wanted' | 'arrived' | 'failed'
  /** Where the winning proof was read. */
  storage_id: string | null
  claim_id: string | null
  size_bytes: number | null
  tries: number
  /** JSON list of storage ids that failed for good in this turn. */
  tried: string
  reason: string | null
  at_ms: number
}

export interface ClaimTable {
  claim_id: string
  row: string
  turn: number
  task: 'post.vanilla' | 'post.snark'
  storage_id: string
  worker_id: string
  lease_until_ms: number
  state: 'held' | 'done' | 'released' | 'expired'
  stage: string
  fraction: number
}

/** The tables of this room in miner.db. */
export interface WindowPostTables {
  partitions: PartitionTable
  vanilla_proofs: VanillaTable
  workers: {
    worker_id: string
    hostname: string
    tasks: string
    prover: string
    version: string
    seen_ms: number
  }
  storage_paths: { storage_id: string; worker_id: string; seen_ms: number }
  stored_sectors: { sector_number: number; storage_id: string; finalized: number }
  claims: ClaimTable
  sector_health: {
    sector_number: number
    state: 'proven' | 'faulty'
    epoch: number
    message_cid: string
    reason: string
  }
}
