import { setTimeout as pause } from 'node:timers/promises'
import { type Address, type Cid, type Message, signingBytes } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { type KeyInfo, sign } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'

/** Signs and pushes one message of the client's key, and waits until it has executed. Throws with the chain's words if it failed. */
export async function sendMessage(
  chain: ChainPort,
  key: KeyInfo,
  o: { from: Address; to: Address; value: bigint; method: number; params: Uint8Array; signal: AbortSignal },
): Promise<Cid> {
  const draft: Message = {
    version: 0,
    to: o.to,
    from: o.from,
    nonce: await chain.mpoolNonce(o.from),
    value: attoFil(o.value),
    gasLimit: 0,
    gasFeeCap: attoFil(0n),
    gasPremium: attoFil(0n),
    method: o.method,
    params: o.params,
  }
  const message = await chain.estimateGas(draft, { maxFee: attoFil(70_000_000_000_000_000n) })
  const cid = await chain.mpoolPush({ message, signature: sign(key, signingBytes(message)) })
  for (;;) {
    const found = await chain.searchMessage(cid)
    if (found?.receipt.exitCode === 0) return cid
    if (found) throw new Error(`message ${cid} failed with exit code ${found.receipt.exitCode}`)
    await pause(200, undefined, { signal: o.signal })
  }
}
