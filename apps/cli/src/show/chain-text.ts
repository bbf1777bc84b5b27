import { type Address, formatAddress } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { stamp } from './clock-time.js'

/** `7122: (Nov 22 15:22:02) [ bafy…: t01000, ]`. Source: filecoin-project/lotus cli/chain.go, as recorded. */
export function tipSetLine(tipSet: TipSet, prefix: 'f' | 't'): string {
  const blocks = tipSet.key.map((cid, index) => `${cid}: ${minerOf(tipSet, index, prefix)}, `)
  return `${tipSet.height}: (${stamp(tipSet.timestamp * 1000)}) [ ${blocks.join('')}]`
}

function minerOf(tipSet: TipSet, index: number, prefix: 'f' | 't'): string {
  const miner: Address | undefined = tipSet.blocks[index]?.miner
  return miner === undefined ? '' : formatAddress(miner, prefix)
}
