import type { Failure } from '@sealane/proto'
import type { StoredMessage } from '../messages/message-store.js'

/** Exit codes after which sending the same step again may help. Source: builtin-actors runtime/src/runtime/actor_error.rs, lotus exitcode. */
const retryable: Readonly<Record<number, string>> = {
  6: 'the sender had not enough funds',
  7: 'it ran out of gas',
  19: 'the miner actor had not enough funds',
}

/**
 * Why a settled message did not do its work, and what to do; undefined while it may still, or when it has.
 * A non-zero exit code other than want of money or gas is `hold`: the chain refused these very facts.
 */
export function messageLost(row: StoredMessage): Failure | undefined {
  switch (row.state) {
    case 'Failed': {
      const code = row.exit_code ?? -1
      const known = retryable[code]
      const text = `message ${row.cid} was executed with exit code ${code}${known === undefined ? '' : `: ${known}`}`
      return { code: 'MESSAGE_FAILED', remedy: known === undefined ? 'hold' : 'retry', text }
    }
    case 'NonceTaken':
      return { code: 'NONCE_TAKEN', remedy: 'retry', text: row.why ?? 'somebody else used its nonce' }
    case 'Replaced':
      return { code: 'MESSAGE_REPLACED', remedy: 'retry', text: row.why ?? 'another message took its nonce' }
    case 'Refused':
      return row.failure === null
        ? { code: 'MESSAGE_REFUSED', remedy: 'hold', text: row.why ?? 'refused' }
        : (JSON.parse(row.failure) as Failure)
    default:
      return undefined
  }
}
