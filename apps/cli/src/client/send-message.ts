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
 * A node's mempool hears of heads some seconds late: nonces, balances and gas estimates of what has just executed fail there and succeed
 * seconds later. So many tries, each a second later than the one before.
 */
const TRIES = 6
/** A nonce that the chain has passed is another message's when ours is not found for so long. Unit: epochs. */
const PASSED_EPOCHS = 5
/** A node that restarts is back within this. Unit: ms. */
const AWAY_MS = 60_000

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
    if (error instanceof CliError && keptIn !== undefined && over.includes(error.code))
      rmSync(keptIn, { force: true })
    throw error
  }
  if (keptIn !== undefined) rmSync(keptIn, { force: true })
  return cid
}

/** Ends of a message that did nothing and never will. */
const over: readonly string[] = ['MESSAGE_FAILED', 'NONCE_TAKEN', 'MESSAGE_REFUSED']

async function signedMessage(chain: ChainPort, key: KeyInfo, o: Send): Promise<SignedMessage> {
  for (let tries = 1; ; tries += 1) {
    try {
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
      return { message, signature: sign(key, signingBytes(message)) }
    } catch (error) {
      if (!(error instanceof ChainError) || !mayPass(error) || tries === TRIES) throw error
      await pause(tries * 1_000, undefined, { signal: o.signal })
    }
  }
}

/** What a lagging or restarting node says of a message that is right. */
function mayPass({ code }: ChainError): boolean {
  return ['EXECUTION_FAILED', 'NOT_FOUND', 'NOT_ENOUGH_FUNDS', 'NODE_DOWN', 'TIMEOUT', 'BUSY'].includes(code)
}

/**
 * Pushes until the chain shows the message executed. A nonce that is "too low" is no verdict: a pool says so of a message in the newest
 * block, which a search finds only one block later.
 */
async function landed(chain: ChainPort, signed: SignedMessage, cid: Cid, signal: AbortSignal): Promise<void> {
  let pushMs = Number.NEGATIVE_INFINITY
  let refusals = 0
  let passed: number | undefined
  let answeredMs = performance.now()
  for (;;) {
    try {
      if (await executed(chain, cid)) return
      if (performance.now() >= pushMs) {
        refusals = await pushed(chain, signed, cid, refusals)
        pushMs = performance.now() + (refusals === 0 ? REPUSH_MS : refusals * 1_000)
      }
      const { height } = await chain.head()
      const nonce = (await chain.getActor(signed.message.from))?.nonce ?? 0
      if (nonce <= signed.message.nonce) passed = undefined
      else passed ??= height
      if (passed !== undefined && height - passed > PASSED_EPOCHS) throw taken(cid, signed.message.nonce)
      answeredMs = performance.now()
    } catch (error) {
      if (!(error instanceof ChainError)) throw error
      if (performance.now() - answeredMs > AWAY_MS) {
        throw new CliError(
          { code: 'CHAIN', reason: error.text },
          `no chain node answers since ${AWAY_MS / 1000} s (${error.text}); the message ${cid} is signed and may still execute: do not send it again before "sealane chain getmessage ${cid}" and "sealane client wallet" are asked`,
        )
      }
    }
    await pause(LOOK_MS, undefined, { signal })
  }
}

/** Whether the chain has executed the message. Throws CliError MESSAGE_FAILED, or NONCE_TAKEN when another one had its nonce. */
async function executed(chain: ChainPort, cid: Cid): Promise<boolean> {
  const found = await chain.searchMessage(cid).catch((error: unknown) => {
    // Source: lotus chain/stmgr/searchwait.go.
    if (error instanceof ChainError && /found message with equal nonce/.test(error.text)) throw taken(cid)
    throw error
  })
  if (found === undefined) return false
  if (found.message !== cid) throw taken(cid)
  const { exitCode } = found.receipt
  if (exitCode === 0) return true
  throw new CliError(
    { code: 'MESSAGE_FAILED', cid, exitCode },
    `message ${cid} failed with exit code ${exitCode}: nothing was moved but the gas; "sealane chain getmessage ${cid}" shows it`,
  )
}

function taken(cid: Cid, nonce?: number): CliError {
  const which = nonce === undefined ? 'its nonce' : `nonce ${nonce}`
  return new CliError(
    { code: 'NONCE_TAKEN', cid },
    `message ${cid} did not execute: another message of this key used ${which}. Nothing was moved by it; is the key in another wallet too?`,
  )
}

/** One push; how often pools have refused it so far, 0 once one took it. Throws CliError MESSAGE_REFUSED when no pool ever will. */
async function pushed(chain: ChainPort, signed: SignedMessage, cid: Cid, refusals: number): Promise<number> {
  try {
    await chain.mpoolPush(signed)
    return 0
  } catch (error) {
    if (!(error instanceof ChainError)) throw error
    if (error.code === 'NONCE_TOO_LOW') return 0
    if (mayPass(error) && refusals + 1 < TRIES) return refusals + 1
    // Nobody answered: it may be in a pool all the same.
    if (['NODE_DOWN', 'TIMEOUT', 'BUSY'].includes(error.code)) throw error
    throw new CliError(
      { code: 'MESSAGE_REFUSED', cid },
      `the chain node does not take the message ${cid}: ${error.text}`,
    )
  }
}
