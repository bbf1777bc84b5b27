import type { Cid } from '@sealane/actors'
import type { MarketDeal } from '@sealane/chain'

/** What the checker reads. Rows keep the columns' names, so that a violation can be looked up; a part that is not on this machine is undefined. */
export interface Facts {
  readonly nowMs: number
  readonly client?: ClientFacts
  readonly provider?: ProviderFacts
  readonly sealer?: SealerFacts
  readonly miner?: MinerFacts
  readonly chain?: ChainFacts
  readonly storage?: readonly StoragePath[]
  readonly queues?: readonly QueueDepth[]
}

/** Deals that the client of `npm start` was told are accepted. */
export interface ClientFacts {
  readonly deals: readonly { readonly dealUuid: string; readonly proposalCid: string }[]
}

export interface DealFact {
  readonly deal_uuid: string
  readonly state: string
  readonly state_since_ms: number
  readonly proposal_cid: string
  readonly offline: number
  readonly staged: number
  readonly staging_reserved: number
  readonly failure: string | null
  readonly home_took_offer: number
  readonly publication_state: string | null
  readonly deal_id: number | null
  readonly sector_number: number | null
  readonly active_epoch: number | null
  readonly proven_epoch: number | null
}

export interface OutboxFact {
  readonly subject: string
  readonly sequence: number
  readonly tries: number
}

export interface ProviderFacts {
  readonly deals: readonly DealFact[]
  readonly transfers: readonly { readonly deal_uuid: string; readonly state: string }[]
  readonly outbox: readonly OutboxFact[]
  readonly stagingBytes: number
  /** Names in `staging/`, without its trash. */
  readonly staged: readonly string[]
  readonly trash: Trash
}

export interface PieceFact {
  readonly deal_uuid: string
  readonly state: string
  readonly state_since_ms: number
  readonly proposal_cid: string
  readonly piece_cid: string
  readonly payload_size: number
  readonly deal_id: number | null
  readonly sector_number: number | null
  readonly failure: string | null
}

export interface SectorFact {
  readonly sector_number: number
  readonly state: string
  readonly kind: 'deal' | 'cc'
  readonly counted: number
  readonly comm_r: string | null
  readonly c1_claim: string | null
  readonly wake_at: number | null
  readonly failure: string | null
}

export interface LimitLine {
  readonly id: number
  readonly event: string
  readonly sector_number: number | null
  readonly in_flight_deals: number
  readonly deal_concurrent: number
}

export interface ClaimFact {
  readonly claim_id: string
  readonly sector_number: number
  readonly task: string
  readonly turn: number
  readonly state: string
  readonly storage_id: string
  readonly started_ms: number
}

export interface SealerFacts {
  readonly pieces: readonly PieceFact[]
  readonly sectors: readonly SectorFact[]
  readonly limits: { readonly in_flight_deals: number; readonly in_flight: number }
  readonly limitsLog: readonly LimitLine[]
  /** Sectors' own history, oldest first. */
  readonly history: readonly { readonly id: number; readonly subject: string; readonly event: string }[]
  readonly claims: readonly ClaimFact[]
  readonly outbox: readonly OutboxFact[]
  /** Names in `pieces/` and of C1 outputs in `hub/`. */
  readonly files: readonly string[]
  readonly trash: Trash
}

export interface SigningFact {
  readonly cid: string
  readonly uuid: string
  readonly from_address: string
  readonly nonce: number
  readonly signed: Uint8Array
  readonly replaces: string | null
}

export interface MessageFact {
  readonly uuid: string
  readonly request_id: string
  readonly class: string
  readonly from_address: string
  readonly method: number
  readonly params: Uint8Array
  readonly state: string
  readonly nonce: number | null
  readonly cid: string | null
  readonly included_epoch: number | null
  readonly exit_code: number | null
  readonly return_data: Uint8Array | null
  readonly why: string | null
}

export interface MinerFacts {
  /** The miner actor's id address; undefined before `init`. */
  readonly address: string | undefined
  readonly senders: readonly { readonly address: string; readonly next_nonce: number }[]
  readonly messages: readonly MessageFact[]
  readonly signings: readonly SigningFact[]
  readonly numberRequests: readonly { readonly request_id: string; readonly numbers: string }[]
  readonly sectorNumbers: readonly { readonly sector_number: number; readonly request_id: string }[]
  readonly publications: readonly {
    readonly request_id: string
    readonly proposal_cid: string
    readonly client: string
    readonly state: string
    readonly deal_id: number | null
  }[]
  readonly claims: readonly { readonly claim_id: string; readonly row: string; readonly task: string }[]
}

/** Where a nonce of ours was executed. */
export interface Landing {
  readonly message: Cid
  readonly exitCode: number
  readonly height: number
}

export interface ChainFacts {
  readonly head: number
  /** Sender → the actor's nonce at the head. */
  readonly nonces: ReadonlyMap<string, number>
  /** `<sender> <nonce>` → where it landed. */
  readonly landings: ReadonlyMap<string, Landing>
  /** Deal id → the market's deal; undefined where there is none. */
  readonly deals: ReadonlyMap<number, MarketDeal | undefined>
  /** The client's address in a proposal → its id address, which the market prints. */
  readonly clientIds: ReadonlyMap<string, string>
  /** Numbers that the miner actor has given away. */
  readonly allocated: readonly number[]
  /** Sectors on chain. */
  readonly sectors: readonly { readonly sectorNumber: number; readonly commR: string }[]
  readonly faulty: readonly number[]
}

/** One storage path of a worker on this machine. */
export interface StoragePath {
  readonly path: string
  readonly id: string
  /** Sector numbers by kind of file: `sealed`, `cache`, `unsealed`, `manifests`. */
  readonly sectors: Readonly<Record<'sealed' | 'cache' | 'unsealed' | 'manifests', readonly number[]>>
  /** Claim directories in service. */
  readonly claims: readonly string[]
  readonly trash: Trash
}

/** What lies in a trash folder. */
export interface Trash {
  /** Last names of the paths that things had in service. */
  readonly names: ReadonlySet<string>
  /** Places of things without a manifest that says whence and why. */
  readonly unexplained: readonly string[]
}

export interface QueueDepth {
  readonly server: string
  readonly queue: string
  readonly depth: number
}
