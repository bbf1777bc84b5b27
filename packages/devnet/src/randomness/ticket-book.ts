import { blake2b256 } from '@sealane/crypto'

/**
 * All there is to know about this chain's tickets and beacon. One producer has nobody to hide a draw from, so nothing
 * is signed: every ticket is derived from the chain's seed, its epoch, and the branch its block is on. Plain JSON.
 */
export interface TicketBook {
  /** Hex; drawn once at genesis. */
  readonly seed: string
  /** A reorg begins a new branch: other tickets from there on. Ascending by `from`; the first is 0. */
  readonly branches: readonly { readonly from: number; readonly branch: number }[]
  /** Rounds without a block, first and last, ascending. */
  readonly nullRounds: readonly (readonly [first: number, last: number])[]
}

export function openTicketBook(seed: string): TicketBook {
  return { seed, branches: [{ from: 0, branch: 0 }], nullRounds: [] }
}

/** The book after everything from `from` on was reverted: what was drawn there will be drawn anew, and differently. */
export function branchFrom(book: TicketBook, from: number): TicketBook {
  const last = Math.max(...book.branches.map(({ branch }) => branch))
  return {
    seed: book.seed,
    branches: [...book.branches.filter((one) => one.from < from), { from, branch: last + 1 }],
    nullRounds: book.nullRounds
      .filter(([first]) => first < from)
      .map(([first, end]) => [first, Math.min(end, from - 1)] as const),
  }
}

/** The book after the rounds from `first` to `last` passed without a block. */
export function withNullRounds(book: TicketBook, first: number, last: number): TicketBook {
  return first > last ? book : { ...book, nullRounds: [...book.nullRounds, [first, last]] }
}

/** The VRF proof in the ticket of the block of this epoch: 96 bytes, 32 at genesis. */
export function ticketOf(book: TicketBook, epoch: number): Uint8Array {
  if (epoch <= 0) return derive(book.seed, 'genesis ticket', 0, 0, 32)
  const branch = book.branches.findLast(({ from }) => from <= epoch)?.branch ?? 0
  return derive(book.seed, 'ticket', branch, epoch, 96)
}

/** The ticket that randomness of this epoch is drawn from: of its tipset, or the one before a null round. */
export function ticketFor(book: TicketBook, epoch: number): Uint8Array {
  return ticketOf(book, tipSetEpoch(book, epoch))
}

/** The election proof of the block of this epoch, 96 bytes. */
export function electionProofOf(book: TicketBook, epoch: number): Uint8Array {
  return derive(book.seed, 'election', 0, epoch, 96)
}

/** The beacon entry of an epoch's round. Rounds are epochs; a reorg does not change the beacon. */
export function beaconEntryOf(book: TicketBook, epoch: number): { round: number; data: Uint8Array } {
  if (epoch <= 0) return { round: 0, data: new Uint8Array(32) }
  return { round: epoch, data: derive(book.seed, 'beacon', 0, epoch, 48) }
}

/** The newest beacon entry that the chain carries at this epoch: null rounds carry none. */
export function beaconFor(book: TicketBook, epoch: number): Uint8Array {
  return beaconEntryOf(book, tipSetEpoch(book, epoch)).data
}

function tipSetEpoch(book: TicketBook, epoch: number): number {
  const ranges = book.nullRounds
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ranges[middle]?.[0] ?? 0) <= epoch) low = middle + 1
    else high = middle
  }
  // Neighbouring ranges are stored apart when they were made apart.
  let at = epoch
  for (let index = low - 1; index >= 0; index--) {
    const range = ranges[index]
    if (range === undefined || range[1] < at) break
    at = range[0] - 1
  }
  return at
}

function derive(seed: string, use: string, branch: number, epoch: number, length: number): Uint8Array {
  const out = new Uint8Array(length)
  for (let block = 0; block * 32 < length; block++) {
    const digest = blake2b256(new TextEncoder().encode(`${seed}/${use}/${branch}/${epoch}/${block}`))
    out.set(digest.subarray(0, Math.min(32, length - block * 32)), block * 32)
  }
  return out
}
