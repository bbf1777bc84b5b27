import { type ActorKind, methodName } from '@sealane/actors'
import type { Failure, MessageRow, Waiting } from '@sealane/proto'
import type { StoredMessage } from '../messages/message-store.js'
import { classRules, isMessageClass, type Receiver } from '../policy/message-class.js'

const kinds: Readonly<Record<Receiver, ActorKind>> = {
  miner: 'storageminer',
  power: 'storagepower',
  market: 'storagemarket',
  self: 'account',
  funded: 'account',
}

/** A message as operators read it. */
export function messageRow(row: StoredMessage): MessageRow {
  const kind = isMessageClass(row.class) ? kinds[classRules[row.class].receiver] : 'account'
  return {
    uuid: row.uuid,
    requestId: row.request_id,
    class: row.class,
    state: row.state,
    stateSinceMs: row.state_since_ms,
    waiting: waitingOf(row),
    failure: row.failure === null ? null : (JSON.parse(row.failure) as Failure),
    from: row.from_address,
    to: row.to_address,
    nonce: row.nonce,
    value: row.value,
    method: row.method,
    methodName: methodName(kind, row.method) ?? `method ${row.method}`,
    cid: row.cid,
    gasFeeCap: row.gas_fee_cap,
    gasPremium: row.gas_premium,
    gasLimit: row.gas_limit,
    includedEpoch: row.included_epoch,
    exitCode: row.exit_code,
    reason: row.reason,
  }
}

/** What an unsettled message waits for, and who must act. */
function waitingOf(row: StoredMessage): Waiting | null {
  const waits = (what: string, who: string): Waiting => ({
    for: row.why ?? what,
    who,
    sinceMs: row.state_since_ms,
    untilEpoch: null,
  })
  switch (row.state) {
    case 'Planned':
      return waits('its turn to be signed', 'miner')
    case 'Held':
      return waits('the operator', 'operator')
    case 'Signed':
      return waits('a node to take it', 'chain')
    case 'Pushed':
      return waits('a block to take it', 'chain')
    case 'Included':
      return row.settled === 1 ? null : waits('epochs on top of its receipt', 'chain')
    default:
      return null
  }
}
