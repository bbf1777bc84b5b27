import type { Address, Cid, Message } from '@sealane/actors'
import { signedMessageCid } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { query } from '../vm/index.js'
import type { DevnetNode } from './devnet-node.js'
import { pushMessage } from './push-message.js'

/** Sends from the faucet; resolves with the message's CID once it is pooled durably. */
export async function fund(node: DevnetNode, to: Address, amount: bigint, uuid?: string): Promise<Cid> {
  const message: Message = {
    version: 0,
    to,
    from: node.faucet,
    nonce: 0,
    value: attoFil(amount),
    gasLimit: 0,
    gasFeeCap: attoFil(0n),
    gasPremium: attoFil(0n),
    method: 0,
    params: new Uint8Array(),
  }
  const spec = { maxFee: 0n, maximizeFeeCap: false, ...(uuid === undefined ? {} : { uuid }) }
  return signedMessageCid(await pushMessage(node, message, spec))
}

/**
 * Sends what an address lacks to a balance, counting what the faucet has on its way to it. Undefined when it has enough.
 * Asking twice funds once: who crashed simply asks again.
 */
export function fundTo(node: DevnetNode, to: Address, target: bigint): Promise<Cid | undefined> {
  // One at a time, so that two callers with the same wish do not both see the old balance.
  return node.funding.take(async () => {
    const state = await node.latest()
    const id = query.lookupId(state, to)
    // What this state has carried out already may still be in the pool.
    const next = query.actor(state, node.faucet)?.nonce ?? 0
    const onTheWay = node.pool
      .of(node.faucet)
      .filter(({ signed }) => signed.message.nonce >= next)
      .filter(({ signed }) => signed.message.to === to || signed.message.to === id)
      .reduce((sum, { signed }) => sum + signed.message.value, 0n)
    const lacking = target - (query.actor(state, to)?.balance ?? 0n) - onTheWay
    return lacking <= 0n ? undefined : await fund(node, to, lacking)
  })
}
