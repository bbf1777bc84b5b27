import { CodedError, type Remedy } from '@sealane/host'

/** What can go wrong in the provider, as facts. */
export type ProviderFacts =
  | { code: 'DEAL_UNKNOWN'; id: string }
  | { code: 'DEAL_AMBIGUOUS'; id: string; matches: number }
  | { code: 'NOT_AWAITING_DATA'; dealUuid: string; state: string; checkpoint: string | null }
  | { code: 'IMPORT_REFUSED'; path: string; reason: string }
  | { code: 'TRANSFER_INTERRUPTED'; reason: string; offset: number }
  | { code: 'TRANSFER_IMPOSSIBLE'; reason: string }
  | { code: 'COMMP_MISMATCH'; expected: string; actual: string }
  | { code: 'START_EPOCH_PASSED'; startEpoch: number; headEpoch: number }
  | { code: 'CANCELLED' }
  | { code: 'NOT_CANCELLABLE'; dealUuid: string; state: string }
  | { code: 'DROPPED_AT_HOME'; reason: string }
  | { code: 'STAGED_FILE_MISSING'; path: string }
  | { code: 'MINER_UNKNOWN' }
  | { code: 'MINER_CHANGED'; configured: string; stored: string }
  | { code: 'ASK_REFUSED'; reason: string }
  | { code: 'SELECTION_REFUSED'; reason: string }
  | { code: 'PEER_RULE_REFUSED'; reason: string }
  | { code: 'PEER_UNKNOWN'; peerId: string }
  | { code: 'TRANSFER_STATE'; dealUuid: string; state: string; wanted: string }
  | { code: 'IDENTITY_KEY'; path: string; reason: string }
  | { code: 'ADDRESS_FORBIDDEN'; host: string; address: string }

const remedies = {
  DEAL_UNKNOWN: 'hold',
  DEAL_AMBIGUOUS: 'hold',
  NOT_AWAITING_DATA: 'hold',
  IMPORT_REFUSED: 'hold',
  TRANSFER_INTERRUPTED: 'retry',
  TRANSFER_IMPOSSIBLE: 'drop',
  COMMP_MISMATCH: 'drop',
  START_EPOCH_PASSED: 'drop',
  CANCELLED: 'drop',
  NOT_CANCELLABLE: 'hold',
  DROPPED_AT_HOME: 'drop',
  STAGED_FILE_MISSING: 'drop',
  MINER_UNKNOWN: 'retry',
  MINER_CHANGED: 'halt',
  ASK_REFUSED: 'hold',
  SELECTION_REFUSED: 'hold',
  PEER_RULE_REFUSED: 'hold',
  PEER_UNKNOWN: 'hold',
  TRANSFER_STATE: 'hold',
  IDENTITY_KEY: 'halt',
  ADDRESS_FORBIDDEN: 'drop',
} as const satisfies Record<ProviderFacts['code'], Remedy>

/** Every error the provider throws of its own. */
export class ProviderError extends CodedError<ProviderFacts> {
  constructor(facts: ProviderFacts, options?: ErrorOptions) {
    super(facts, sentence(facts), options)
  }
  get remedy(): Remedy {
    return remedies[this.facts.code]
  }
}

function sentence(facts: ProviderFacts): string {
  switch (facts.code) {
    case 'DEAL_UNKNOWN':
      return `no deal ${facts.id}`
    case 'DEAL_AMBIGUOUS':
      return `${facts.id} names ${facts.matches} deals: give more of it`
    case 'NOT_AWAITING_DATA':
      return facts.checkpoint === null
        ? `deal ${facts.dealUuid} awaits no data: it is ${facts.state}`
        : `deal ${facts.dealUuid} has already been imported and reached checkpoint ${facts.checkpoint}`
    case 'IMPORT_REFUSED':
      return `cannot import ${facts.path}: ${facts.reason}`
    case 'TRANSFER_INTERRUPTED':
      return `${facts.reason} (at byte ${facts.offset})`
    case 'TRANSFER_IMPOSSIBLE':
      return `data-transfer failed: ${facts.reason}`
    case 'COMMP_MISMATCH':
      return `failed to verify CommP: commP expected=${facts.expected}, actual=${facts.actual}: commp mismatch`
    case 'START_EPOCH_PASSED':
      return `deal proposal must be proven on chain by deal proposal start epoch ${facts.startEpoch}, but it has expired: current chain height: ${facts.headEpoch}`
    case 'CANCELLED':
      return 'user manually terminated the deal'
    case 'NOT_CANCELLABLE':
      return `deal ${facts.dealUuid} is ${facts.state}: only a deal that home has not taken yet can be cancelled`
    case 'DROPPED_AT_HOME':
      return facts.reason
    case 'STAGED_FILE_MISSING':
      return `the bytes of this deal are gone from staging: ${facts.path}`
    case 'MINER_UNKNOWN':
      return 'no miner address yet: run "sealane miner init", or set miner.address'
    case 'MINER_CHANGED':
      return `miner.address is ${facts.configured}, but this database holds deals of ${facts.stored}: use another state_dir`
    case 'ASK_REFUSED':
    case 'SELECTION_REFUSED':
    case 'PEER_RULE_REFUSED':
      return facts.reason
    case 'TRANSFER_STATE':
      return `the transfer of deal ${facts.dealUuid} is ${facts.state}: it cannot be ${facts.wanted}`
    case 'PEER_UNKNOWN':
      return `${facts.peerId} is not connected and never was: give its address, /ip4/…/tcp/…/p2p/${facts.peerId}`
    case 'IDENTITY_KEY':
      return `identity key ${facts.path}: ${facts.reason}`
    case 'ADDRESS_FORBIDDEN':
      // The client reads it: what a name leads to inside our network is not for it, but stands in the facts.
      return 'transferAndVerify failed to start data transfer: downloading from private ip addresses is not allowed'
  }
}
