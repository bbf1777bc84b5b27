import type { Cid } from '@sealane/actors'
import type { ChainEpoch } from '@sealane/fil-units'
import { signature } from './message.js'
import {
  address,
  base64,
  cid,
  converted,
  decimal,
  height,
  list,
  money,
  optional,
  type Read,
  record,
  text,
  tipSetKey,
  type Wire,
  whole,
} from './wire.js'
import { WireError } from './wire-error.js'

export type BeaconEntry = Read<typeof beaconEntry>
export const beaconEntry = record({ round: ['Round', whole], data: ['Data', base64] })

/** A block header. Its own CID is not part of its JSON: it is the tipset's key at the same position. */
export type BlockHeader = Read<typeof blockHeader>
export const blockHeader = record({
  miner: ['Miner', address],
  ticket: ['Ticket', optional(record({ vrfProof: ['VRFProof', base64] }))],
  electionProof: [
    'ElectionProof',
    optional(record({ winCount: ['WinCount', whole], vrfProof: ['VRFProof', base64] })),
  ],
  beaconEntries: ['BeaconEntries', list(beaconEntry, 'null')],
  winPoStProof: [
    'WinPoStProof',
    list(record({ postProof: ['PoStProof', whole], proofBytes: ['ProofBytes', base64] }), 'null'),
  ],
  parents: ['Parents', list(cid)],
  parentWeight: ['ParentWeight', decimal],
  height: ['Height', height],
  parentStateRoot: ['ParentStateRoot', cid],
  parentMessageReceipts: ['ParentMessageReceipts', cid],
  messages: ['Messages', cid],
  blsAggregate: ['BLSAggregate', optional(signature)],
  timestamp: ['Timestamp', whole],
  blockSig: ['BlockSig', optional(signature)],
  forkSignaling: ['ForkSignaling', whole],
  parentBaseFee: ['ParentBaseFee', money],
})

/** A tipset key: the block CIDs in ticket order. Empty means the node's head. */
export type TipSetKey = readonly Cid[]

export interface TipSet {
  readonly key: TipSetKey
  readonly height: ChainEpoch
  readonly blocks: readonly BlockHeader[]
  /** The earliest block's. Unit: Unix seconds. */
  readonly timestamp: number
}

const bareTipSet = record({
  key: ['Cids', tipSetKey],
  blocks: ['Blocks', list(blockHeader)],
  height: ['Height', height],
})

export const tipSet: Wire<TipSet> = {
  read(json, at) {
    const { key, blocks, height: epochOf } = bareTipSet.read(json, at)
    if (key.length === 0 || key.length !== blocks.length) throw new WireError(at, 'a tipset without blocks')
    return { key, height: epochOf, blocks, timestamp: Math.min(...blocks.map((block) => block.timestamp)) }
  },
  write: (value, prefix) =>
    bareTipSet.write({ ...value, key: [...value.key], blocks: [...value.blocks] }, prefix),
}

export interface HeadChange {
  /** `current` comes once, first; after it `revert` (newest first) and `apply` (oldest first). */
  readonly type: 'current' | 'revert' | 'apply'
  readonly tipSet: TipSet
}

export const headChange: Wire<HeadChange> = converted(
  record({ type: ['Type', text], tipSet: ['Val', tipSet] }),
  ({ type, tipSet: value }) => {
    if (type !== 'current' && type !== 'revert' && type !== 'apply')
      throw new Error(`unknown head change ${type}`)
    return { type, tipSet: value }
  },
  (change) => change,
)

/** Whether two keys name the same tipset. */
export function sameKey(a: TipSetKey, b: TipSetKey): boolean {
  return a.length === b.length && a.every((block, index) => block === b[index])
}
