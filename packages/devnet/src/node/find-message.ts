import type { Cid } from '@sealane/actors'
import type { MessageLookup } from '@sealane/chain'
import { tipSetOf } from '../ledger/ledger.js'
import { LedgerError } from '../ledger/ledger-error.js'
import type { StoredBlock } from '../store/chain-store.js'
import type { DevnetNode } from './devnet-node.js'

/** Where a message's execution is, and how far back it may be. */
export interface Search {
  readonly message: Cid
  /** Epochs; negative for no limit. */
  readonly lookback: number
  readonly allowReplaced: boolean
}

/** Lotus' words, `%!w` and all, for a message nobody has seen. */
function unknownMessage(message: Cid): LedgerError {
  return new LedgerError(
    `%!w(*errors.errorString=&{failed to load message}): ipld: could not find ${message}`,
  )
}

/**
 * The execution of a message as seen from a tipset: the receipt, and the tipset that executed it (the child of the one
 * that carries it). Undefined when it is not there yet. @throws LedgerError for a message nobody has seen
 */
export async function findMessage(
  node: DevnetNode,
  search: Search,
  from: StoredBlock,
): Promise<MessageLookup | undefined> {
  const { store, ledger } = node
  const wanted = await store.message(search.message)
  if (wanted === undefined) throw unknownMessage(search.message)
  const { nonce } = wanted.message
  const sender = await node.senderOf(wanted.message.from)
  let found = await store.canonicalInclusion(search.message)
  if (found === undefined) {
    const other = await store.canonicalByNonce(sender, nonce)
    if (other === undefined) return undefined
    const replacement = await node.message(other)
    const same = sameCall(replacement.message, wanted.message)
    if (!search.allowReplaced || !same) {
      throw new LedgerError(
        `found message with equal nonce as the one we are looking for that is NOT a valid replacement message (F:${search.message} n ${nonce}, TS: ${other} n${nonce})`,
      )
    }
    found = await store.canonicalInclusion(other)
    if (found === undefined) return undefined
  }
  const executing = await ledger.canonicalAfter(found.height)
  if (executing === undefined || executing.header.height > from.header.height) return undefined
  if (search.lookback >= 0 && executing.header.height < from.header.height - search.lookback) return undefined
  const { key, height } = tipSetOf(executing)
  return {
    message: found.message,
    receipt: { exitCode: found.exitCode, return: found.returned, gasUsed: found.gasUsed },
    tipSet: [...key],
    height,
  }
}

/** Resolves once the message's execution has `confidence` tipsets on it. Holds nothing up while it waits. */
export async function waitForMessage(
  node: DevnetNode,
  search: Search,
  confidence: number,
): Promise<MessageLookup> {
  for (;;) {
    const head = node.head
    const found = await findMessage(node, search, head)
    if (found !== undefined && head.header.height >= found.height + confidence) return found
    if (node.head.cid !== head.cid) continue
    await new Promise<void>((resolve) => {
      const stop = node.subscribe(() => {
        stop()
        resolve()
      })
    })
  }
}

interface Call {
  readonly to: string
  readonly from: string
  readonly value: bigint
  readonly method: number
  readonly params: Uint8Array
}

/** Whether two messages ask for the same, whatever they pay. */
function sameCall(a: Call, b: Call): boolean {
  return (
    a.to === b.to &&
    a.from === b.from &&
    a.value === b.value &&
    a.method === b.method &&
    Buffer.compare(a.params, b.params) === 0
  )
}
