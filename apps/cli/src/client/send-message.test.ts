import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  encodeSignedMessage,
  keyAddress,
  marketActor,
  type SignedMessage,
  signedMessageCid,
  signingBytes,
} from '@sealane/actors'
import { ChainError, type ChainPort } from '@sealane/chain'
import { generateKey, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch } from '@sealane/fil-units'
import { temporaryDirectory } from '@sealane/testkit'
import { beforeEach, describe, expect, it } from 'vitest'
import { sendMessage } from './send-message.js'

const key = generateKey('secp256k1', new Uint8Array(32).fill(4))
const from = keyAddress(key.type, publicKey(key))
const room = temporaryDirectory()
const tooLow = new ChainError('NONCE_TOO_LOW', {
  text: 'minimum expected nonce is 1, got 0: message nonce too low',
})
const notFound = new ChainError('NOT_FOUND', {
  text: `resolution lookup failed (${from}): resolve address ${from}: actor not found`,
})

/** A node that says what the test tells it to; an epoch passes with each look at its head. */
class ScriptedNode {
  readonly pushed: SignedMessage[] = []
  nonces: (number | ChainError)[] = [0]
  pushes: (ChainError | undefined)[] = []
  /** The message that a search finds from this epoch on. */
  executes: { at: number; cid?: string; exitCode?: number } = { at: 3 }
  height = 0
  chainNonce = 0

  port(): ChainPort {
    const methods: Partial<ChainPort> = {
      mpoolNonce: async () => {
        const next = this.nonces.length > 1 ? this.nonces.shift() : this.nonces[0]
        if (next instanceof ChainError) throw next
        return next ?? 0
      },
      estimateGas: async (draft) => ({
        ...draft,
        gasLimit: 1_000_000,
        gasFeeCap: attoFil(200n),
        gasPremium: attoFil(100n),
      }),
      mpoolPush: async (signed) => {
        this.pushed.push(signed)
        const refusal = this.pushes.shift()
        if (refusal !== undefined) throw refusal
        return signedMessageCid(signed)
      },
      searchMessage: async (cid) => {
        const { at, cid: other = cid, exitCode = 0 } = this.executes
        if (this.height < at) return undefined
        return { message: other, receipt: { exitCode }, tipSet: [], height: epoch(at) } as never
      },
      head: async () => {
        this.height += 1
        return { height: epoch(this.height) } as never
      },
      getActor: async () => ({ nonce: this.chainNonce }) as never,
    }
    return methods as ChainPort
  }
}

describe('a message of the client’s key', () => {
  const kept = join(room, 'kept')
  let node: ScriptedNode
  beforeEach(() => {
    node = new ScriptedNode()
  })
  const send = () =>
    sendMessage(
      node.port(),
      key,
      {
        from,
        to: marketActor,
        value: 5n,
        method: 2,
        params: new Uint8Array(),
        signal: AbortSignal.timeout(20_000),
      },
      kept,
    )
  /** What an earlier run has signed and kept. */
  function earlier(): SignedMessage {
    const fees = { gasLimit: 1_000_000, gasFeeCap: attoFil(200n), gasPremium: attoFil(100n) }
    const content = { version: 0 as const, to: marketActor, from, nonce: 0, value: attoFil(5n), ...fees }
    const message = { ...content, method: 2, params: new Uint8Array() }
    const signed = { message, signature: sign(key, signingBytes(message)) }
    writeFileSync(kept, encodeSignedMessage(signed))
    return signed
  }

  it('waits for a mempool that has not heard of the sender yet', { timeout: 20_000 }, async () => {
    node.nonces = [notFound, 0]
    const cid = await send()
    expect(node.pushed.map(signedMessageCid)).toEqual([cid])
    expect(existsSync(kept)).toBe(false)
  })

  it('of a run that was killed is found, though pools call its nonce too low one block before a search finds it', async () => {
    const signed = earlier()
    node.chainNonce = 1
    node.pushes = [tooLow]
    node.nonces = [1]
    expect(await send()).toBe(signedMessageCid(signed))
    expect(node.pushed.map(signedMessageCid)).toEqual([signedMessageCid(signed)])
    expect(existsSync(kept)).toBe(false)
  })

  it('whose nonce another message took is over, once the chain is some epochs past it', async () => {
    earlier()
    node.chainNonce = 1
    node.pushes = [tooLow]
    node.executes = { at: Number.POSITIVE_INFINITY }
    await expect(send()).rejects.toMatchObject({ code: 'NONCE_TAKEN' })
    expect(node.height).toBeGreaterThan(5)
    expect(existsSync(kept)).toBe(false)
  })

  it('is not taken for another one that the search finds at its nonce', async () => {
    earlier()
    node.executes = { at: 0, cid: 'bafy2bzaceother' }
    await expect(send()).rejects.toThrow(/another message of this key used its nonce/)
  })

  it('is pushed again when nobody answers, the same bytes, and kept', { timeout: 20_000 }, async () => {
    const down = new ChainError('NODE_DOWN', { text: 'connect ECONNREFUSED' })
    node.pushes = [down, down]
    node.executes = { at: 25 }
    const cid = await send()
    expect(node.pushed.map(signedMessageCid)).toEqual([cid, cid, cid])
  })

  it('that no pool will ever take says why, and the next one is signed anew', async () => {
    node.pushes = [new ChainError('FEE_CAP_TOO_LOW', { text: 'gas fee cap too low' })]
    node.executes = { at: Number.POSITIVE_INFINITY }
    await expect(send()).rejects.toThrow(/does not take the message bafy2\w+: gas fee cap too low$/)
    expect(existsSync(kept)).toBe(false)
  })
})
