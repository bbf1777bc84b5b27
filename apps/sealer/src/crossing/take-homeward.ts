import type { homeward, PayloadOf } from '@sealane/jobs'
import { knows, pieceTransitions } from '@sealane/lifecycle'
import { inbox, type Outbox, writing } from '@sealane/sql'
import type { Transaction } from 'kysely'
import { bookOffer } from '../intake/book-offer.js'
import { judgeOffer, type OfferedPiece } from '../intake/judge-offer.js'
import type { PieceStore } from '../intake/piece-store.js'
import type { Piece, SealerDb } from '../sealer-db.js'
import { SealerError } from '../sealer-error.js'
import { putProgress } from './put-progress.js'

export interface HomewardTools {
  pieces: PieceStore
  outbox: Outbox
  miner: { address: string; sectorSizeBytes: number }
  /** Names of deals that a UTC day may bring. */
  dailyOffers: number
  now: () => number
  /** Hands an ask to the miner for signing; called after the commit, repeats are harmless. */
  signAsk: (sequence: number, ask: string) => Promise<void>
}

/** Tells the sender that this snapshot is committed here: an acknowledgement is a subject of our own outbox. */
async function acknowledge(
  trx: Transaction<SealerDb>,
  outbox: Outbox,
  job: { sender: string; subject: string; sequence: number },
  nowMs: number,
): Promise<void> {
  const of = [{ sender: job.sender, subject: job.subject, sequence: job.sequence }]
  await outbox.put(trx, `a-${job.subject}`, { kind: 'acknowledgements', of }, nowMs)
}

/** Who speaks homeward. */
const PROVIDER = /^provider~/
/** How often a deal that was given up may be proposed again in the same words. */
const MAX_NAMES = 4

const refused = (reason: string) =>
  new SealerError({ code: 'OFFER_REFUSED', reason }, `offer refused: ${reason}`)

/** Each subject has a row here for ever, so a message is taken only under the subject that an honest provider gives it. */
function requireOwnSubject({ sender, subject, message }: PayloadOf<typeof homeward>): void {
  if (message.kind === 'acknowledgements') return
  const own = message.kind === 'askWanted' ? 'ask' : message.dealUuid
  if (subject !== own) throw refused(`${message.kind} of ${own} comes as ${subject}`)
  if (!PROVIDER.test(sender)) throw refused(`${sender} is no provider`)
}

/**
 * The chain takes a proposal once. The same one under another name, however often it is said, makes no second row here: honest is only
 * a deal proposed anew after the first was given up, and that one is offered again until the first is dropped.
 */
async function refuseReplay(trx: Transaction<SealerDb>, offered: OfferedPiece): Promise<void> {
  const known = await trx
    .selectFrom('pieces')
    .select(['deal_uuid', 'state'])
    .where('piece_cid', '=', offered.piece_cid)
    .where('proposal_cid', '=', offered.proposal_cid)
    .limit(MAX_NAMES)
    .execute()
  const first = known.find(({ state }) => state !== 'Dropped')
  if (first !== undefined) throw refused(`its proposal is deal ${first.deal_uuid}’s already`)
  if (known.length === MAX_NAMES) throw refused(`its proposal was given up ${MAX_NAMES} times already`)
}

/**
 * One homeward job. What it tells is committed together with its inbox row and its acknowledgement; a job that is hostile, old or
 * repeated leaves nothing but an acknowledgement behind. Returns the deal to look at.
 * Throws SealerError OFFER_REFUSED for an offer that no honest provider sends: nothing is stored, nothing is acknowledged.
 */
export async function takeHomeward(
  job: PayloadOf<typeof homeward>,
  tools: HomewardTools,
): Promise<{ dealUuid?: string }> {
  const { pieces, outbox, now, dailyOffers } = tools
  const { message } = job
  requireOwnSubject(job)
  switch (message.kind) {
    case 'acknowledgements':
      for (const one of message.of) await outbox.acknowledge(one.sender, one.subject, one.sequence)
      return {}
    case 'askWanted':
      await tools.signAsk(message.sequence, message.ask)
      await writing(pieces.db, async (trx) => {
        await inbox.accept(trx, job.sender, job.subject, job.sequence)
        await acknowledge(trx, outbox, job, now())
      })
      return {}
    case 'dealOffered': {
      const offered = judgeOffer(message, {
        miner: tools.miner.address,
        sectorSizeBytes: tools.miner.sectorSizeBytes,
      })
      await writing(pieces.db, async (trx) => {
        const nowMs = now()
        const known = await pieces.read(message.dealUuid, trx)
        if (known === undefined) await refuseReplay(trx, offered)
        if (known === undefined && (await inbox.accept(trx, job.sender, job.subject, job.sequence))) {
          await bookOffer(trx, { nowMs, dailyOffers })
          const row = {
            ...offered,
            state: 'Offered',
            turn: 1,
            state_since_ms: nowMs,
            wake_at: nowMs,
            tries: 0,
          }
          await trx
            .insertInto('pieces')
            .values(row as Piece)
            .execute()
        }
        // A provider restored from a backup offers what it has forgotten, and what we told it since counts as heard.
        if (known !== undefined) await putProgress(trx, outbox, message.dealUuid, nowMs)
        await acknowledge(trx, outbox, job, nowMs)
      })
      return { dealUuid: message.dealUuid }
    }
    case 'dealWithdrawn':
      await writing(pieces.db, async (trx) => {
        const nowMs = now()
        const piece = await pieces.read(message.dealUuid, trx)
        // Once it is with the miner or on chain, abroad has no say any more.
        const reached = piece?.state === 'Held' ? piece.held_from : piece?.state
        const early = piece && ['Offered', 'Pulling', 'Home'].includes(reached ?? '')
        if (early && knows(pieceTransitions, piece.state, 'dropped')) {
          const failure = { code: 'WITHDRAWN', remedy: 'drop' as const, text: message.reason }
          await pieces.move(trx, piece, 'dropped', {}, { nowMs, failure })
        }
        const news = await inbox.accept(trx, job.sender, job.subject, job.sequence)
        // Of a deal that never came: only the inbox remembers it, so that an offer that was overtaken stays withdrawn.
        if (news && piece === undefined) await bookOffer(trx, { nowMs, dailyOffers })
        await acknowledge(trx, outbox, job, nowMs)
      })
      return {}
  }
}
