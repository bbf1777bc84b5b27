import {
  type Cid,
  encodeMessage,
  encodeSignedMessage,
  messageCid,
  type SignedMessage,
  signedMessageCid,
} from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { blockHeaderCodec } from '../../blocks/block-codec.js'
import { isBls } from '../../blocks/block-messages.js'
import { LedgerError } from '../../ledger/ledger-error.js'
import { blockWeight } from '../../producer/build-block.js'
import type { StoredBlock } from '../../store/chain-store.js'
import type { Api } from '../api.js'
import { changesOf, tipSetJson } from '../head-subscriptions.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

/** Epochs behind the head that count as final. Source: filecoin-project/builtin-actors (CHAIN_FINALITY). */
const finality = 900

export function chainMethods({ node }: Api): Record<string, Method> {
  const { ledger, store } = node

  async function blockMessages(block: StoredBlock): Promise<SignedMessage[]> {
    if (block.messageCount === 0) return []
    const inclusions = await store.inclusionsIn(block.cid)
    return await Promise.all(inclusions.map(({ message }) => node.message(message)))
  }

  async function parentMessages(cid: Cid): Promise<Json> {
    const block = await ledger.block(cid)
    if (block.header.height === 0) return null
    return messageList(await blockMessages(await ledger.parent(block)))
  }

  async function object(cid: Cid): Promise<Uint8Array | undefined> {
    const block = await store.block(cid)
    if (block !== undefined) return blockHeaderCodec.encode(block.header)
    const signed = await store.message(cid)
    if (signed !== undefined) {
      return messageCid(signed.message) === cid ? encodeMessage(signed.message) : encodeSignedMessage(signed)
    }
    return await store.object(cid)
  }

  return {
    'Filecoin.ChainHead': method('read', [], () => tipSetJson(node.head)),
    'Filecoin.ChainGetGenesis': method('read', [], async () =>
      tipSetJson(await ledger.block(node.genesis.genesisBlock as Cid)),
    ),
    'Filecoin.ChainGetTipSet': method('read', [params.tipSetKey], async (key) => {
      if (key.length === 0) throw new LedgerError('NewTipSet called with zero length array of blocks')
      return tipSetJson(await ledger.tipSetBlock(key))
    }),
    'Filecoin.ChainGetTipSetByHeight': method(
      'read',
      [params.epoch, params.tipSetKey],
      async (height, key) => {
        const from = await ledger.tipSetBlock(key)
        checkHeight(height, from)
        return tipSetJson(await ledger.atOrBefore(height, from))
      },
    ),
    'Filecoin.ChainGetTipSetAfterHeight': method(
      'read',
      [params.epoch, params.tipSetKey],
      async (height, key) => {
        const from = await ledger.tipSetBlock(key)
        checkHeight(height, from)
        return tipSetJson(await ledger.atOrAfter(height, from))
      },
    ),
    'Filecoin.ChainGetFinalizedTipSet': method('read', [], async () =>
      tipSetJson(await ledger.atOrBefore(Math.max(0, node.head.header.height - finality), node.head)),
    ),
    'Filecoin.ChainTipSetWeight': method('read', [params.tipSetKey], async (key) => {
      const { header } = await ledger.tipSetBlock(key)
      return (header.parentWeight + (header.height === 0 ? 0n : blockWeight)).toString()
    }),
    'Filecoin.ChainGetPath': method('read', [params.tipSetKey, params.tipSetKey], async (from, to) =>
      changesOf(await ledger.path(await ledger.tipSetBlock(from), await ledger.tipSetBlock(to))),
    ),
    'Filecoin.ChainGetBlock': method('read', [params.cid], async (cid) =>
      shapes.blockHeader.write((await ledger.block(cid)).header, 't'),
    ),
    'Filecoin.ChainGetBlockMessages': method('read', [params.cid], async (cid) => {
      const messages = await blockMessages(await ledger.block(cid))
      const bls = messages.filter(isBls)
      const secp = messages.filter((signed) => !isBls(signed))
      return {
        BlsMessages: bls.map(({ message }) => shapes.message.write(message, 't')),
        SecpkMessages: secp.map((signed) => shapes.signedMessage.write(signed, 't')),
        Cids: [...bls, ...secp].map((signed) => shapes.cid.write(signedMessageCid(signed), 't')),
      }
    }),
    'Filecoin.ChainGetMessage': method('read', [params.cid], async (cid) => {
      const { message } = await node.message(cid)
      return shapes.message.write(message, 't')
    }),
    'Filecoin.ChainGetParentMessages': method('read', [params.cid], parentMessages),
    'Filecoin.ChainGetParentReceipts': method('read', [params.cid], async (cid) => {
      const block = await ledger.block(cid)
      if (block.header.height === 0) return []
      const [parent] = block.header.parents
      if (parent === undefined) return []
      const inclusions = await store.inclusionsIn(parent)
      return inclusions.map((inclusion) =>
        shapes.receipt.write(
          { exitCode: inclusion.exitCode, return: inclusion.returned, gasUsed: inclusion.gasUsed },
          't',
        ),
      )
    }),
    'Filecoin.ChainGetMessagesInTipset': method('read', [params.tipSetKey], async (key) =>
      messageList(await blockMessages(await ledger.tipSetBlock(key))),
    ),
    'Filecoin.ChainHasObj': method('read', [params.cid], async (cid) => (await object(cid)) !== undefined),
    'Filecoin.ChainReadObj': method('read', [params.cid], async (cid) => {
      const bytes = await object(cid)
      if (bytes !== undefined) return Buffer.from(bytes).toString('base64')
      if ((await store.state(cid)) !== undefined) {
        throw new LedgerError(`blockstore get: ${cid} is a state root, and not available on simnet`)
      }
      throw new LedgerError(`blockstore get: ipld: could not find ${cid}`)
    }),
  }
}

function checkHeight(height: number, from: StoredBlock): void {
  if (height < 0) throw new LedgerError(`height ${height} is negative`)
  if (height > from.header.height) {
    throw new LedgerError(
      `looking for tipset with height greater than start point, req: ${height}, head: ${from.header.height}`,
    )
  }
}

/** `null` when there are none, as lotus prints it. */
function messageList(messages: readonly SignedMessage[]): Json {
  if (messages.length === 0) return null
  return messages.map((signed) =>
    shapes.parentMessage.write({ cid: signedMessageCid(signed), message: signed.message }, 't'),
  )
}
