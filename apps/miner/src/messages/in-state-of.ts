import type { TipSet } from '@sealane/chain'
import { type StoredMessage, tipsetText } from './message-store.js'

/**
 * Whether the state at `head` holds what this message did. What was executed since, while somebody still works with that head, has moved
 * no money there yet: it is under way as far as a balance read at that head can tell.
 */
export function inStateOf(head: TipSet, row: StoredMessage): boolean {
  if (row.executed_epoch === null) return false
  return row.executed_epoch < head.height || row.executed_tipset === tipsetText(head.key)
}
