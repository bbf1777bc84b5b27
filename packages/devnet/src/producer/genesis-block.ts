import { idAddress, parseCid } from '@sealane/actors'
import type { BlockHeader } from '@sealane/chain'
import { attoFil, epoch } from '@sealane/fil-units'
import { blockCid } from '../blocks/block-codec.js'
import { messageObjects, receiptObjects } from '../blocks/block-messages.js'
import { beaconEntryOf, type TicketBook, ticketOf } from '../randomness/ticket-book.js'
import type { StoredBlock } from '../store/chain-store.js'
import { type ChainState, stateRoot } from '../vm/index.js'

/** The base fee that networks begin with. Unit: attoFIL per gas. Source: filecoin-project/lotus build/buildconstants (InitialBaseFee). */
const initialBaseFee = attoFil(100_000_000n)

/** What every network's genesis names as its parent. Source: filecoin-project/lotus chain/gen/genesis. */
const beforeGenesis = parseCid('bafyreiaqpwbbyjo4a42saasj36kkrpv4tsherf2e7bvezkert2a7dhonoi')

/** Block 0. Its state is also what block 1 reports as parent state. */
export function genesisBlock(state: ChainState, book: TicketBook, timestamp: number): StoredBlock {
  const root = stateRoot(state)
  const header: BlockHeader = {
    miner: idAddress(0),
    ticket: { vrfProof: ticketOf(book, 0) },
    electionProof: { winCount: 0, vrfProof: new Uint8Array() },
    beaconEntries: [beaconEntryOf(book, 0)],
    winPoStProof: [],
    parents: [beforeGenesis],
    parentWeight: 0n,
    height: epoch(0),
    parentStateRoot: root,
    parentMessageReceipts: receiptObjects([])[0].cid,
    messages: messageObjects([])[0].cid,
    timestamp,
    forkSignaling: 0,
    parentBaseFee: initialBaseFee,
  }
  return { cid: blockCid(header), header, postRoot: root, messageCount: 0 }
}
