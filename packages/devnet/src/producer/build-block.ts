import { type Cid, idAddress } from '@sealane/actors'
import type { BlockHeader } from '@sealane/chain'
import { type AttoFil, epoch as chainEpoch } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'
import type { IpldObject } from '../blocks/amt.js'
import { blockCid } from '../blocks/block-codec.js'
import { isBls, messageObjects, receiptObjects } from '../blocks/block-messages.js'
import type { Pooled } from '../mempool/pooled.js'
import {
  beaconEntryOf,
  beaconFor,
  electionProofOf,
  type TicketBook,
  ticketFor,
  ticketOf,
} from '../randomness/ticket-book.js'
import type { Inclusion, StoredBlock } from '../store/chain-store.js'
import {
  type Applied,
  applyMessage,
  type BlockContext,
  type ChainState,
  cron,
  encodeState,
  nextBaseFee,
  nextCronEpoch,
  stateRoot,
} from '../vm/index.js'
import { traceJson } from './trace-json.js'

/** A block that is made but not durable yet, and all that goes with it. */
export interface BuiltBlock {
  readonly block: StoredBlock
  readonly inclusions: readonly Inclusion[]
  readonly objects: readonly IpldObject[]
  /** The state after this block. */
  readonly post: ChainState
  /** Encoded `post`; undefined when the block changed nothing. */
  readonly postText: string | undefined
  readonly included: readonly Pooled[]
  /** Selected, but the execution would not have them in a block. */
  readonly refused: readonly Pooled[]
  /** Root of this block's receipts: its child's `ParentMessageReceipts`. */
  readonly receiptsRoot: Cid
  /** The base fee of its child. */
  readonly nextBaseFee: AttoFil
}

/** What a block is built on. */
export interface Parent {
  readonly block: StoredBlock
  readonly post: ChainState
  readonly receiptsRoot: Cid
  readonly nextBaseFee: AttoFil
}

export interface Chain {
  readonly book: TicketBook
  readonly verifier: Verifier
  readonly genesisTimestamp: number
  readonly blockDelaySeconds: number
}

/** Blocks of this chain carry no election: each weighs the same. */
export const blockWeight = 256n

/** Nobody signs and nobody is elected here: blocks are of the system actor, with the empty BLS signature. */
const noSignature = { type: 2 as const, data: Uint8Array.of(0xc0, ...new Uint8Array(95)) }
const producer = idAddress(0)
const winningProof = new TextEncoder().encode('valid proof')

export function blockContext(chain: Chain, epoch: number, baseFee: AttoFil): BlockContext {
  return {
    epoch,
    baseFee,
    ticket: (at) => ticketFor(chain.book, at),
    beacon: (at) => beaconFor(chain.book, at),
    verifier: chain.verifier,
  }
}

/**
 * Executes `selected` on the parent's state at `epoch` (rounds between are null: only cron runs in them) and seals a
 * block around what may be in one. BLS messages run first, as blocks carry them.
 */
export async function buildBlock(
  chain: Chain,
  parent: Parent,
  epoch: number,
  selected: readonly Pooled[],
): Promise<BuiltBlock> {
  const { header: before } = parent.block
  const baseFee = parent.nextBaseFee
  let state = nullRoundCrons(parent.post, before.height + 1, epoch)
  const included: Pooled[] = []
  const refused: Pooled[] = []
  const applied: Applied[] = []
  const context = blockContext(chain, epoch, baseFee)
  for (const one of inExecutionOrder(selected)) {
    const result = await applyMessage(state, context, one.signed)
    if (!result.included) {
      refused.push(one)
      continue
    }
    state = result.state
    included.push(one)
    applied.push(result)
  }
  state = cron(state, { epoch })

  const messages = included.map(({ signed }) => signed)
  const [meta, ...below] = messages.length === 0 ? emptyMessages : messageObjects(messages)
  const header: BlockHeader = {
    miner: producer,
    ticket: { vrfProof: ticketOf(chain.book, epoch) },
    electionProof: { winCount: 1, vrfProof: electionProofOf(chain.book, epoch) },
    beaconEntries: [beaconEntryOf(chain.book, epoch)],
    winPoStProof: [{ postProof: 0, proofBytes: winningProof }],
    parents: [parent.block.cid],
    parentWeight: before.parentWeight + blockWeight,
    height: chainEpoch(epoch),
    parentStateRoot: parent.block.postRoot,
    parentMessageReceipts: parent.receiptsRoot,
    messages: meta.cid,
    blsAggregate: noSignature,
    timestamp: chain.genesisTimestamp + epoch * chain.blockDelaySeconds,
    blockSig: noSignature,
    forkSignaling: 0,
    parentBaseFee: baseFee,
  }
  const cid = blockCid(header)
  const changed = state !== parent.post
  const [receipts, ...receiptNodes] =
    applied.length === 0
      ? emptyReceipts
      : receiptObjects(applied.map(({ receipt }) => withoutEvents(receipt)))
  return {
    block: {
      cid,
      header,
      postRoot: changed ? stateRoot(state) : parent.block.postRoot,
      messageCount: messages.length,
    },
    inclusions: applied.map((result, position) => inclusionOf(cid, position, included[position], result)),
    objects: messages.length === 0 ? [] : [meta, ...below, receipts, ...receiptNodes],
    post: state,
    postText: changed ? encodeState(state) : undefined,
    included,
    refused,
    receiptsRoot: receipts.cid,
    nextBaseFee: nextBaseFee(
      baseFee,
      messages.map(({ message }) => message),
    ),
  }
}

const emptyMessages = messageObjects([])
const emptyReceipts = receiptObjects([])

/** Runs the crons of rounds `first` to before `until`, in which no block was made. */
function nullRoundCrons(post: ChainState, first: number, until: number): ChainState {
  let state = post
  for (let round = first; round < until; round++) {
    const due = nextCronEpoch(state)
    if (due === undefined || due >= until) return state
    round = Math.max(round, due)
    state = cron(state, { epoch: round })
  }
  return state
}

function inExecutionOrder(selected: readonly Pooled[]): Pooled[] {
  return [
    ...selected.filter(({ signed }) => isBls(signed)),
    ...selected.filter(({ signed }) => !isBls(signed)),
  ]
}

function withoutEvents(receipt: Applied['receipt']) {
  return { exitCode: receipt.exitCode, return: receipt.return, gasUsed: receipt.gasUsed }
}

function inclusionOf(block: Cid, position: number, one: Pooled | undefined, applied: Applied): Inclusion {
  if (one === undefined) throw new TypeError('every execution belongs to a message')
  return {
    block,
    position,
    message: one.cid,
    exitCode: applied.receipt.exitCode,
    returned: applied.receipt.return,
    gasUsed: applied.receipt.gasUsed,
    gasCost: JSON.stringify(applied.gasCost, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
    error: applied.error,
    trace: JSON.stringify(traceJson(applied.trace)),
  }
}
