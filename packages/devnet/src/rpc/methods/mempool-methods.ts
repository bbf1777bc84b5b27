import { formatAddress, type SignedMessage, signedMessageCid } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { defaultMempool, type MempoolFact } from '../../node/chain-facts.js'
import { pushMessage } from '../../node/push-message.js'
import type { Api } from '../api.js'
import { type ChannelMethod, type Method, method } from '../method.js'
import { params } from '../param.js'

export function mempoolMethods({ node }: Api): Record<string, Method> {
  const { pool } = node

  const push = (trusted: boolean) =>
    method('write', [params.signedMessage], async (signed) => cidJson(await pool.push(signed, { trusted })))

  const batch = (trusted: boolean) =>
    method('write', [params.signedMessages], async (messages) => {
      const cids: Json[] = []
      for (const signed of messages) cids.push(cidJson(await pool.push(signed, { trusted })))
      return cids
    })

  return {
    'Filecoin.MpoolGetNonce': method('read', [params.address], (address) => pool.nextNonce(address)),
    'Filecoin.MpoolPending': method('read', [params.tipSetKey], async (key) => {
      await node.ledger.tipSetBlock(key)
      return pool.pending().map(({ signed }) => signedJson(signed))
    }),
    'Filecoin.MpoolSelect': method('read', [params.tipSetKey, params.quality], async (key) => {
      await node.ledger.tipSetBlock(key)
      return (await node.selection()).map(({ signed }) => signedJson(signed))
    }),
    'Filecoin.MpoolPush': push(true),
    'Filecoin.MpoolPushUntrusted': push(false),
    'Filecoin.MpoolBatchPush': batch(true),
    'Filecoin.MpoolBatchPushUntrusted': batch(false),
    'Filecoin.MpoolClear': method('write', [params.flag], async () => {
      await pool.clear()
      return null
    }),
    'Filecoin.MpoolPushMessage': method('sign', [params.message, params.sendSpec], async (message, spec) =>
      signedJson(await pushMessage(node, message, spec)),
    ),
    'Filecoin.MpoolBatchPushMessage': method(
      'sign',
      [params.messages, params.sendSpec],
      async (messages, spec) => {
        const signed: Json[] = []
        for (const message of messages) signed.push(signedJson(await pushMessage(node, message, spec)))
        return signed
      },
    ),
    'Filecoin.MpoolGetConfig': method('read', [], () => {
      const settings = node.mempoolSettings
      return shapes.mempoolConfig.write(
        {
          ...settings,
          priorityAddresses: settings.priorityAddresses.map((address) =>
            shapes.address.read(address, 'priority'),
          ),
          pruneCooldownNanoseconds: BigInt(settings.pruneCooldownNanoseconds),
        },
        't',
      )
    }),
    'Filecoin.MpoolSetConfig': method('admin', [params.mempoolConfig], async (config) => {
      const settings: MempoolFact = {
        ...defaultMempool,
        ...config,
        priorityAddresses: config.priorityAddresses.map((address) => formatAddress(address, 'f')),
        pruneCooldownNanoseconds: config.pruneCooldownNanoseconds.toString(),
      }
      await node.setMempoolSettings(settings)
      return null
    }),
  }
}

/** MpoolSub: type 0 is a message that came, 1 one that left. */
export function mempoolChannels({ node }: Api): Record<string, ChannelMethod> {
  return {
    'Filecoin.MpoolSub': {
      permission: 'read',
      params: [],
      open: (channel) =>
        node.pool.subscribe(({ type, signed }) =>
          channel.send({ Type: type === 'add' ? 0 : 1, Message: signedJson(signed) }),
        ),
    },
  }
}

function signedJson(signed: SignedMessage): Json {
  return shapes.signedMessage.write(signed, 't')
}

function cidJson(cid: ReturnType<typeof signedMessageCid>): Json {
  return shapes.cid.write(cid, 't')
}
