import { setTimeout as pause } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import type { KeyInfo } from '@sealane/crypto'
import { remedyOf } from '@sealane/host/client'
import { statusErrors } from '@sealane/market'
import { proposeDeal } from '@sealane/market/node'
import { CliError } from '../cli-error.js'
import type { DealBook } from './deal-book.js'
import { askStatus } from './deal-statuses.js'
import type { DealDraft } from './draft-deal.js'
import type { MadeDeal } from './made-deal.js'
import type { ProviderLine } from './provider-line.js'

/** Between two tries. Unit: ms. */
const AGAIN_MS = 500

export interface AgreeOptions {
  readonly line: ProviderLine
  readonly key: KeyInfo
  readonly book: DealBook
  /** How long a provider that does not answer, or says that its own node does not, is asked again. Unit: ms. */
  readonly patienceMs: number
  /** Told why it is asked again. */
  readonly again?: (why: string) => void
  readonly signal: AbortSignal
}

/**
 * Sends a proposal until the provider has said yes or no. A proposal whose answer never came may have been accepted all the same: the
 * provider is asked for the deal's status first, and only what it does not know is sent again, the very same bytes under the same uuid,
 * so that there is one deal, never two. The book knows the deal before it is sent: a client that is killed here finds it there.
 * Throws CliError DEAL_REFUSED, or NO_ANSWER when the patience is over.
 */
export async function agreeDeal(draft: DealDraft, o: AgreeOptions): Promise<MadeDeal> {
  const endMs = performance.now() + o.patienceMs
  o.book.add({ ...draft.made, answer: 'none' })
  for (let asked = false; ; ) {
    const over = () => performance.now() > endMs
    try {
      const connection = await o.line.connection()
      const repeated = asked
      if (repeated && (await isTaken(connection, draft, o))) break
      asked = true
      const { accepted, message } = await proposeDeal(connection, draft.params, { signal: o.signal })
      // The first one may have been taken while we asked.
      if (accepted || (repeated && (await isTaken(connection, draft, o)))) break
      if (!message.includes('server error') || over()) {
        o.book.add({ ...draft.made, answer: 'refused' })
        throw new CliError({ code: 'DEAL_REFUSED', text: message }, `deal proposal rejected: ${message}`)
      }
      o.again?.(`the provider says: ${message}`)
    } catch (error) {
      if (o.signal.aborted) throw o.signal.reason
      if (error instanceof CliError && remedyOf(error) !== 'retry') throw error
      const reason = error instanceof Error ? error.message : String(error)
      // Never reached at all: that is its own error, with its own remedy.
      if (over()) throw asked ? noAnswer(draft.made, reason, error) : error
      o.again?.(`the provider does not answer: ${reason}`)
    }
    await pause(AGAIN_MS, undefined, { signal: o.signal })
  }
  o.book.add(draft.made)
  return draft.made
}

/** Whether the provider has a row for this deal. Throws when it cannot say. */
async function isTaken(connection: Connection, { made }: DealDraft, o: AgreeOptions): Promise<boolean> {
  const status = await askStatus(connection, o.key, made.dealUuid, o.signal)
  if (status.dealStatus !== null) return true
  if (status.error === statusErrors.notFound(status.dealUuid)) return false
  throw noAnswer(made, status.error)
}

function noAnswer({ dealUuid }: MadeDeal, reason: string, cause?: unknown): CliError {
  return new CliError(
    { code: 'NO_ANSWER', dealUuid, reason },
    `the provider did not answer to deal ${dealUuid} (${reason}); it may have accepted it: sealane client deal-status ${dealUuid}`,
    { cause },
  )
}
