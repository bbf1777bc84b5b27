import { type Address, type Cid, messageCid } from '@sealane/actors'
import { type Json, type MessageLookup, shapes } from '@sealane/chain'
import { LedgerError } from '../../ledger/ledger-error.js'
import { findMessage, waitForMessage } from '../../node/find-message.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

export function messageMethods({ node }: Api): Record<string, Method> {
  const { ledger, store } = node

  async function spellings(address: Address): Promise<Address[]> {
    const state = await node.latest()
    const others = [query.lookupId(state, address), query.robustAddress(state, address)]
    return [...new Set([address, ...others.filter((one) => one !== undefined)])]
  }

  return {
    'Filecoin.StateSearchMsg': method(
      'read',
      [params.tipSetKey, params.cid, params.epoch, params.flag],
      async (key, message, lookback, allowReplaced) => {
        const from = await ledger.tipSetBlock(key)
        const found = await findMessage(node, { message, lookback, allowReplaced }, from)
        return found === undefined ? null : lookupJson(found)
      },
    ),
    'Filecoin.StateWaitMsg': method(
      'read',
      [params.cid, params.uint, params.epoch, params.flag],
      async (message, confidence, lookback, allowReplaced) =>
        lookupJson(await waitForMessage(node, { message, lookback, allowReplaced }, confidence)),
    ),
    'Filecoin.StateListMessages': method(
      'read',
      [params.json, params.tipSetKey, params.epoch],
      async (filter, key, toHeight) => {
        const { To, From } = (filter ?? {}) as { readonly To?: Json; readonly From?: Json }
        const to = To === undefined || To === null ? undefined : shapes.addressIfAny.read(To, 'To')
        const from = From === undefined || From === null ? undefined : shapes.addressIfAny.read(From, 'From')
        if (to === undefined && from === undefined) {
          throw new LedgerError('must specify at least To or From in message filter')
        }
        const head = await ledger.tipSetBlock(key)
        const cids = await store.listMessages(
          {
            ...(to === undefined ? {} : { receivers: await spellings(to) }),
            ...(from === undefined ? {} : { senders: await spellings(from) }),
          },
          Math.max(0, toHeight),
          head.header.height,
        )
        return cids.length === 0 ? null : cids.map((cid) => shapes.cid.write(cid, 't'))
      },
    ),
    'Filecoin.StateReplay': method('read', [params.tipSetKey, params.cid], async (key, cid) => {
      const found = await store.canonicalInclusion(cid)
      const [block] = key
      if (found === undefined || (block !== undefined && found.block !== block)) {
        throw new LedgerError('given message not found in tipset')
      }
      const { message } = await node.message(cid)
      const cost = JSON.parse(found.gasCost) as { readonly [name: string]: string | number }
      const amount = (name: string) => String(cost[name] ?? '0')
      return {
        MsgCid: link(cid),
        Msg: shapes.message.write(message, 't'),
        MsgRct: shapes.receipt.write(
          { exitCode: found.exitCode, return: found.returned, gasUsed: found.gasUsed },
          't',
        ),
        GasCost: {
          Message: link(messageCid(message)),
          GasUsed: amount('gasUsed'),
          BaseFeeBurn: amount('baseFeeBurn'),
          OverEstimationBurn: amount('overEstimationBurn'),
          MinerPenalty: amount('minerPenalty'),
          MinerTip: amount('minerTip'),
          Refund: amount('refund'),
          TotalCost: amount('totalCost'),
        },
        ExecutionTrace: JSON.parse(found.trace) as Json,
        Error: found.error,
        Duration: 1,
      }
    }),
  }
}

function lookupJson(found: MessageLookup): Json {
  // Lotus decodes returns for people; null is its answer for what it cannot decode.
  const { Message, Receipt, TipSet, Height } = shapes.messageLookup.write(found, 't') as {
    [key: string]: Json
  }
  return { Message, Receipt, ReturnDec: null, TipSet, Height } as Json
}

function link(cid: Cid): Json {
  return shapes.cid.write(cid, 't')
}
