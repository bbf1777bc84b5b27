import type { PieceState, SectorState } from '@sealane/lifecycle'
import type { Generated, Selectable } from 'kysely'

/** Tables of sealer.db. Hashes and proofs are lower-case hex; `waiting` and `failure` are JSON; `…_ms` is unix milliseconds. */
export interface SealerDb {
  facts: { name: string; value: string }
  pieces: PieceTable
  sectors: SectorTable
  /** A number between the miner's answer and the sector that takes it; one of an earlier coordinator epoch is never used. */
  spare_numbers: { sector_number: number; coordinator_epoch: number }
  pledges: { request_id: string; sector_number: number }
  offer_days: { day: string; offers: number }
  limits: {
    only_row: 1
    enable_deal_sector: 0 | 1
    deal_concurrent: number
    total_num: number
    in_flight_deals: number
    in_flight: number
  }
  limits_log: {
    id: Generated<number>
    at_ms: number
    event: string
    sector_number: number | null
    in_flight_deals: number
    deal_concurrent: number
  }
  claims: ClaimTable
  workers: {
    worker_id: string
    hostname: string
    version: string
    prover: string
    tasks: string
    concurrency: string
    paths: string
    last_seen_ms: number
    /** New with each start of the worker's process. */
    session: string
    /** Highest sector number among the files of its paths. */
    highest_sector: number
    /** What it does beside claims: making proof parameters. */
    stage: string | null
    fraction: number | null
  }
  unseals: {
    id: string
    sector_number: number
    turn: number
    tries: number
    offset_bytes: number
    length_bytes: number
    state: 'queued' | 'done' | 'failed'
    failure: string | null
    /** Its running claim, if any, and until when that holds. */
    claim_id: string | null
    worker_id: string | null
    expires_ms: number | null
    stage: string | null
    fraction: number | null
  }
  /** The miner's last word on each step of a sector: JSON of events/told-facts.ts. */
  told: { sector_number: number; what: 'preCommit' | 'seed' | 'proveCommit'; fact: string }
  /** The miner's last word on each deal's publication. */
  told_publications: {
    deal_uuid: string
    state: string
    message_cid: string | null
    deal_id: number | null
    failure: string | null
  }
  history: {
    id: Generated<number>
    thing: 'piece' | 'sector'
    subject: string
    at_ms: number
    event: string
    state: string
    detail: string
  }
}

export interface PieceTable {
  deal_uuid: string
  state: PieceState
  turn: number
  state_since_ms: number
  /** Null: waits for an event. */
  wake_at: number | null
  tries: number
  held_from: PieceState | null
  proposal_cid: string
  /** CBOR ClientDealProposal, base64, exactly as the client signed it. */
  signed_proposal: string
  client: string
  piece_cid: string
  /** Padded bytes. */
  piece_size: number
  /** Raw bytes. */
  payload_size: number
  start_epoch: number
  end_epoch: number
  publication_state: string | null
  publish_cid: string | null
  deal_id: number | null
  sector_number: number | null
  /** Padded bytes from the start of the sector. */
  padded_offset: number | null
  waiting: string | null
  failure: string | null
}

export interface SectorTable {
  sector_number: number
  state: SectorState
  turn: number
  state_since_ms: number
  wake_at: number | null
  tries: number
  held_from: SectorState | null
  kind: 'deal' | 'cc'
  /** Bytes. */
  sector_size: number
  /** 1 while the sector counts against the limits. */
  counted: 0 | 1
  close_at_ms: number | null
  prover: string | null
  storage_id: string | null
  /** The claim whose files are the sector's. */
  winning_claim: string | null
  ticket: string | null
  ticket_epoch: number | null
  ticket_expires_epoch: number | null
  comm_d: string | null
  comm_r: string | null
  /** Turn of the PreCommit request whose message is waited for, or has landed. */
  pre_commit_turn: number | null
  pre_commit_cid: string | null
  pre_commit_epoch: number | null
  seed: string | null
  seed_epoch: number | null
  /** The claim that left Commit1's output on the hub, and how long that is. */
  c1_claim: string | null
  c1_bytes: number | null
  proof: string | null
  prove_commit_turn: number | null
  prove_commit_cid: string | null
  activation_epoch: number | null
  expiration: number | null
  deadline: number | null
  partition: number | null
  window_post_cid: string | null
  proven_epoch: number | null
  waiting: string | null
  failure: string | null
}

export interface ClaimTable {
  claim_id: string
  sector_number: number
  task: string
  turn: number
  worker_id: string
  hostname: string
  storage_id: string
  state: 'running' | 'completed' | 'released' | 'expired'
  started_ms: number
  expires_ms: number
  stage: string | null
  fraction: number | null
}

export type Piece = Selectable<PieceTable>
export type Sector = Selectable<SectorTable>
export type Claim = Selectable<ClaimTable>
