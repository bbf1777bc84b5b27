import { type Address, type Message, requiredFunds } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { type CheckContext, type CheckStatus, checkStatuses } from '../../mempool/check-statuses.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'

/** Checks of messages without sending them, as wallets ask for them. */
export function mempoolCheckMethods({ node }: Api): Record<string, Method> {
  /** `interned`: the messages are the pool's own, so what it holds is not counted before them. */
  async function context(interned: boolean): Promise<CheckContext> {
    const state = await node.latest()
    return {
      baseFee: node.head.header.parentBaseFee,
      sender: (address) => query.actor(state, address),
      pooled(address) {
        const pooled = interned ? [] : node.pool.of(query.accountKey(state, address) ?? address)
        if (pooled.length === 0) return undefined
        let nextNonce = query.actor(state, address)?.nonce ?? 0
        for (const { signed } of pooled) if (signed.message.nonce === nextNonce) nextNonce++
        const funds = pooled.reduce(
          (sum, { signed }) => sum + requiredFunds(signed.message) + signed.message.value,
          0n,
        )
        return { nextNonce, funds }
      },
    }
  }

  async function pooledOf(address: Address): Promise<Message[]> {
    const key = query.accountKey(await node.latest(), address) ?? address
    return node.pool.of(key).map(({ signed }) => signed.message)
  }

  return {
    'Filecoin.MpoolCheckMessages': method('read', [params.messagePrototypes], async (prototypes) =>
      write(
        checkStatuses(
          prototypes.map(({ message }) => message),
          await context(false),
          prototypes.map(({ validNonce }) => !validNonce),
        ),
      ),
    ),
    'Filecoin.MpoolCheckPendingMessages': method('read', [params.address], async (address) => {
      const messages = await pooledOf(address)
      return messages.length === 0 ? null : write(checkStatuses(messages, await context(true)))
    }),
    'Filecoin.MpoolCheckReplaceMessages': method('read', [params.messages], async (replacements) => {
      const senders = new Map<Address, Map<number, Message>>()
      for (const message of replacements) {
        const byNonce =
          senders.get(message.from) ??
          new Map((await pooledOf(message.from)).map((one) => [one.nonce, one] as const))
        byNonce.set(message.nonce, message)
        senders.set(message.from, byNonce)
      }
      const messages = [...senders.values()].flatMap((byNonce) =>
        [...byNonce.values()].sort((a, b) => a.nonce - b.nonce),
      )
      return write(checkStatuses(messages, await context(true)))
    }),
  }
}

function write(statuses: readonly (readonly CheckStatus[])[]): Json {
  return statuses.map((checks) =>
    checks.map(({ cid, code, ok, error, hint }) => ({
      Cid: shapes.cid.write(cid, 't'),
      Code: code,
      OK: ok,
      Err: error,
      Hint: (hint ?? null) as Json,
    })),
  )
}
