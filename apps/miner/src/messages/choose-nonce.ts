import { ChainError } from '@sealane/chain'

/** A pool holds at most this many messages of one sender. Source: lotus chain/messagepool/config.go (MaxActorPendingMessages). */
const MOST_POOLED = 1_000
/** More than a sender can have sent since the oldest backup worth restoring: weeks of unbatched PreCommits and ProveCommits. */
const MOST_SENT_BY_OTHERS = 100_000

/**
 * The next nonce: the highest of what the chain, the pools and this database know, so that a restored backup or a key
 * shared with another wallet never signs a used nonce. A number that no honest node can say is refused: signed there,
 * a message could never land, and every later one would queue behind it.
 * @param ours undefined for a sender this database does not know yet
 * @throws ChainError MALFORMED
 */
export function chooseNonce(chain: number, pooled: number, ours: number | undefined): number {
  if (ours !== undefined && chain > ours + MOST_SENT_BY_OTHERS) {
    throw implausible(`the chain's nonce is ${chain}, ours is ${ours}`)
  }
  const known = Math.max(chain, ours ?? 0)
  if (pooled > known + MOST_POOLED) {
    throw implausible(`the pool's nonce is ${pooled}, the chain's ${chain}, ours ${ours ?? 'none yet'}`)
  }
  return Math.max(known, pooled)
}

function implausible(text: string): ChainError {
  return new ChainError('MALFORMED', {
    text: `a node tells a nonce that cannot be: ${text}; nothing is signed`,
  })
}
