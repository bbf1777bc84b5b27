import { setTimeout as pause } from 'node:timers/promises'
import type { MessageRow } from '@sealane/proto'
import type { Session } from '../frame/session.js'

/** A message is wanted, then signed: usually within a second. Longer, and the person should rather see what it waits for. Unit: ms. */
const patienceMs = 15_000
const pollMs = 200

/** The row of a message that was just asked for, once it has a CID, has failed, or has kept us waiting. */
export async function waitForCid(session: Session, row: MessageRow): Promise<MessageRow> {
  const miner = await session.miner()
  let latest = row
  for (
    const endMs = Date.now() + patienceMs;
    latest.cid === null && latest.failure === null && Date.now() < endMs;
  ) {
    await pause(pollMs, undefined, { signal: session.terminal.signal })
    latest = await miner['messages.get']({ id: row.uuid })
  }
  return latest
}
