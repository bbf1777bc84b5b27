/** Refusals of the miner after which only a new ticket, and so a new PreCommit1, helps: too old, or replaced by a reorg. */
export function needsNewTicket(code: string): boolean {
  return code === 'TICKET_EXPIRED' || code === 'TICKET_CHANGED'
}

/** What a sector no longer has when its ticket is thrown away: everything that was sealed with it. */
export const withoutTicket = {
  ticket: null,
  ticket_epoch: null,
  ticket_expires_epoch: null,
  comm_d: null,
  comm_r: null,
  storage_id: null,
  winning_claim: null,
  pre_commit_turn: null,
  pre_commit_cid: null,
  pre_commit_epoch: null,
  seed: null,
  seed_epoch: null,
  c1_claim: null,
  c1_bytes: null,
  proof: null,
} as const

/** What a sector no longer has when its seed or proof is thrown away. */
export const withoutProof = { c1_claim: null, c1_bytes: null, proof: null } as const
