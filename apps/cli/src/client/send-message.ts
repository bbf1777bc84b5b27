import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Address,
  type Cid,
  decodeSignedMessage,
  encodeSignedMessage,
  type Message,
  type SignedMessage,
  signedMessageCid,
  signingBytes,
} from '@sealane/actors'
import { ChainError, type ChainPort } from '@sealane/chain'
import { type KeyInfo, sign } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { writeFileDurable } from '@sealane/host/client'
import { CliError } from '../cli-error.js'

/** What one message may cost in gas, attoFIL. Source: filecoin-project/lotus node/config/def.go (DefaultMaxFee, 0.07 FIL). */
const defaultMaxFee = attoFil(70_000_000_000_000_000n)
/** How often the chain is asked whether the message has executed. Unit: ms. */
const LOOK_MS = 200
/** Signed bytes are pushed again this often until they have executed: pools forget. Unit: ms. */
const REPUSH_MS = 30_000
/**
 * A node estimates gas on its mempool's tipset, which lags by some blocks: what depends on a message just executed fails there and
 * succeeds seconds later. So many tries, each a second later than the one before.
 */
const ESTIMATES = 6

interface Send {
  from: Address
  to: Address
  value: bigint
  method: number
  params: Uint8Array
  signal: AbortSignal
}

/**
 * Signs and pushes one message of the client's key, and waits until it has executed. Throws with the chain's words if it failed.
 * With `keptIn`, the signed bytes are kept in that file until then: a run after a crash pushes the same message, and pays once.
 */
export async function sendMessage(chain: ChainPort, key: KeyInfo, o: Send, keptIn?: string): Promise<Cid> {
  const kept =
    keptIn !== undefined && existsSync(keptIn) ? decodeSignedMessage(readFileSync(keptIn)) : undefined
  const signed = kept ?? (await signedMessage(chain, key, o))
  if (keptIn !== undefined && kept === undefined)
    await writeFileDurable(keptIn, encodeSignedMessage(signed), { mode: 0o600 })
  const cid = signedMessageCid(signed)
  try {
    await landed(chain, signed, cid, o.signal)
  } catch (error) {
    // It can never do its work any more: the next run signs another.
    const over = error instanceof ChainError ? error.code === 'NONCE_TOO_LOW' : error instanceof CliError
    if (over && keptIn !== undefined) rmSync(keptIn, { force: true })
    throw error
  }
  if (keptIn !== undefined) rmSync(keptIn, { force: true })
  return cid
}

async function signedMessage(chain: ChainPort, key: KeyInfo, o: Send): Promise<SignedMessage> {
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
  for (let tries = 1; ; tries += 1) {
    try {
      const message = await chain.estimateGas(draft, { maxFee: defaultMaxFee })
      return { message, signature: sign(key, signingBytes(message)) }
    } catch (error) {
      const mayPass =
        error instanceof ChainError && (error.code === 'EXECUTION_FAILED' || error.code === 'NOT_FOUND')
      if (!mayPass || tries === ESTIMATES) throw error
      await pause(tries * 1_000, undefined, { signal: o.signal })
    }
  }
}

async function landed(chain: ChainPort, signed: SignedMessage, cid: Cid, signal: AbortSignal): Promise<void> {
  let pushedMs = Number.NEGATIVE_INFINITY
  for (;;) {
    const found = await chain.searchMessage(cid)
    if (found?.receipt.exitCode === 0) return
    if (found) {
      const { exitCode } = found.receipt
      throw new CliError(
        { code: 'MESSAGE_FAILED', cid, exitCode },
        `message ${cid} failed with exit code ${exitCode}: nothing was moved but the gas; "sealane chain getmessage ${cid}" shows it`,
      )
    }
    if (performance.now() - pushedMs > REPUSH_MS) {
      const first = pushedMs === Number.NEGATIVE_INFINITY
      pushedMs = performance.now()
      await chain.mpoolPush(signed).catch((error: unknown) => {
        // A nonce that is used up: by this message, which the next look will find, or by another one of this key.
        if (first || !(error instanceof ChainError)) throw error
      })
    }
    await pause(LOOK_MS, undefined, { signal })
  }
}
