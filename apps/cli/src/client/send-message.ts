import { setTimeout as pause } from 'node:timers/promises'
import { type Address, type Cid, type Message, signingBytes } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { type KeyInfo, sign } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { CliError } from '../cli-error.js'

/** What one message may cost in gas, attoFIL. Source: filecoin-project/lotus node/config/def.go (DefaultMaxFee, 0.07 FIL). */
const defaultMaxFee = attoFil(70_000_000_000_000_000n)

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
  const message = await chain.estimateGas(draft, { maxFee: defaultMaxFee })
  const cid = await chain.mpoolPush({ message, signature: sign(key, signingBytes(message)) })
  for (;;) {
    const found = await chain.searchMessage(cid)
    if (found?.receipt.exitCode === 0) return cid
    if (found) {
      const { exitCode } = found.receipt
      throw new CliError(
        { code: 'MESSAGE_FAILED', cid, exitCode },
        `message ${cid} failed with exit code ${exitCode}: nothing was moved but the gas; "sealane chain getmessage ${cid}" shows it`,
      )
    }
    await pause(200, undefined, { signal: o.signal })
  }
}
