import type { minerV1 } from '@sealane/proto'
import { type Outbox, writing } from '@sealane/sql'
import type { Kysely } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** Longest refusal that fits a crossing message. Unit: characters. Source: @sealane/jobs askSigned. */
const REFUSAL_CHARACTERS = 500

/** Has the miner sign an ask and puts the answer into the outbox; the same sequence again gives the same answer. */
export function askSigner(o: {
  miner: minerV1.MinerServiceClient
  outbox: Outbox
  db: Kysely<SealerDb>
  now: () => number
}) {
  return async (sequence: number, ask: string): Promise<void> => {
    const bytes = new Uint8Array(Buffer.from(ask, 'base64'))
    const answer = await o.miner.signAsk({ requestId: `ask-${sequence}`, ask: bytes })
    const refused = answer.refusal !== undefined && answer.refusal.code !== ''
    const snapshot = {
      kind: 'askSigned',
      sequence,
      signedAsk: refused ? null : Buffer.from(answer.signedAsk).toString('base64'),
      refusal: refused ? (answer.refusal?.text ?? '').slice(0, REFUSAL_CHARACTERS) : null,
    }
    await writing(o.db, (trx) => o.outbox.put(trx, 'ask', snapshot, o.now()))
  }
}
