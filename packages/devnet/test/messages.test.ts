import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, parseAddress } from '@sealane/actors'
import { type ChainPort, createChainClient, type Json, rpcCall } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ClockSettings } from '../src/index.js'
import { createDevnet, type Devnet } from '../src/index.js'
import { ToldVerifier } from './small-provider.js'

const root = temporaryDirectory()

let devnet: Devnet
let chain: ChainPort
const fil = 10n ** 18n
const ask = (method: string, ...params: Json[]) => rpcCall(devnet.apiInfo, method, params)

async function start(clock: Partial<ClockSettings>): Promise<void> {
  devnet = await createDevnet({
    dataDir: mkdtempSync(join(root, 'messages-')),
    keySetDigest: '78'.repeat(32),
    verifier: new ToldVerifier(),
    clock,
  })
  chain = createChainClient({ nodes: devnet.apiInfo })
}

afterEach(async () => {
  await chain.close()
  await devnet.close()
})

/** Makes epochs by hand. */
async function advance(epochs: number): Promise<void> {
  const target = Number(await ask('Devnet.Advance', epochs, false))
  while (devnet.node.head.header.height < target) await new Promise((resolve) => setTimeout(resolve, 2))
}

async function fundedKey(type = 'secp256k1'): Promise<Address> {
  const address = parseAddress(String(await ask('Filecoin.WalletNew', type)))
  await ask('Devnet.FundTo', address, (10n * fil).toString())
  await advance(2)
  return address
}

const send = (from: Address, to: Address, change: { [key: string]: Json } = {}): Json => ({
  Version: 0,
  To: to,
  From: from,
  Nonce: 0,
  Value: '1',
  GasLimit: 0,
  GasFeeCap: '0',
  GasPremium: '0',
  Method: 0,
  Params: null,
  ...change,
})

/** A signed transfer with everything given. */
async function signed(from: Address, to: Address, nonce: number, premium: string): Promise<Json> {
  const message = send(from, to, {
    Nonce: nonce,
    GasLimit: 8_000_000,
    GasFeeCap: '500000000',
    GasPremium: premium,
  })
  return await ask('Filecoin.WalletSignMessage', from, message)
}

describe('messages', () => {
  beforeEach(() => start({ mode: 'manual' }))

  it('are funded to a balance once, however often it is asked', async () => {
    const to = parseAddress('f1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq')
    const first = await ask('Devnet.FundTo', to, fil.toString())
    expect(first).not.toBeNull()
    expect(await ask('Devnet.FundTo', to, fil.toString())).toBeNull()
    await advance(2)
    expect(await ask('Devnet.FundTo', to, fil.toString())).toBeNull()
    expect(await ask('Devnet.FundTo', to, (3n * fil).toString())).not.toBeNull()
    await advance(2)
    expect(await chain.walletBalance(to)).toBe(3n * fil)
  })

  it('show their effect one tipset after the block that carries them', async () => {
    const from = await fundedKey()
    const to = parseAddress('f1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq')
    const push = (await ask('Filecoin.MpoolPushMessage', send(from, to), null)) as { CID: { '/': string } }
    await advance(1)
    const carrying = await chain.head()
    expect((await chain.messagesInTipSet(carrying.key)).map(({ cid }) => cid)).toEqual([push.CID['/']])
    expect(await chain.getActor(to)).toBeUndefined()
    expect(await chain.searchMessage(push.CID['/'] as never)).toBeUndefined()
    await advance(1)
    expect(await chain.getActor(to)).toMatchObject({ balance: 1n })
    const executing = await chain.head()
    expect(await chain.searchMessage(push.CID['/'] as never)).toMatchObject({
      height: executing.height,
      tipSet: executing.key,
    })
  })

  it('of one MsgUuid are one message', async () => {
    const from = await fundedKey()
    const spec = { MaxFee: '0', MsgUuid: '11111111-2222-4333-8444-555555555555' }
    const first = await ask('Filecoin.MpoolPushMessage', send(from, from), spec)
    expect(await ask('Filecoin.MpoolPushMessage', send(from, from), spec)).toEqual(first)
    await advance(1)
    expect(await ask('Filecoin.MpoolPushMessage', send(from, from), spec)).toEqual(first)
    expect(await chain.mpoolNonce(from)).toBe(1)
  })

  it('wait behind a gap until it is filled, then all go in one block, in order', async () => {
    const from = await fundedKey()
    for (const nonce of [2, 1]) await ask('Filecoin.MpoolPush', await signed(from, from, nonce, '100000'))
    await advance(1)
    expect(await chain.mpoolPending()).toHaveLength(2)
    expect(await chain.mpoolNonce(from)).toBe(0)
    await ask('Filecoin.MpoolPush', await signed(from, from, 0, '100000'))
    expect(await chain.mpoolNonce(from)).toBe(3)
    await advance(1)
    const messages = await chain.messagesInTipSet((await chain.head()).key)
    expect(messages.map(({ message }) => message.nonce)).toEqual([0, 1, 2])
  })

  it('are replaced by the same nonce at 1.1 times the premium, and found by either CID', async () => {
    const from = await fundedKey()
    const cheap = (await ask('Filecoin.MpoolPush', await signed(from, from, 0, '100000'))) as { '/': string }
    const dear = (await ask('Filecoin.MpoolPush', await signed(from, from, 0, '110001'))) as { '/': string }
    expect(await chain.mpoolPending()).toHaveLength(1)
    await advance(2)
    const found = await chain.searchMessage(cheap['/'] as never)
    expect(found?.message).toBe(dear['/'])
    await expect(chain.searchMessage(cheap['/'] as never, { allowReplaced: false })).rejects.toMatchObject({
      code: 'RPC',
    })
  })

  it('that pay better go first, those of priority addresses before all', async () => {
    const [poor, rich, own] = [await fundedKey(), await fundedKey(), await fundedKey()]
    expect(await chain.addPriorityAddresses([own])).toMatchObject([{ changed: true }])
    expect(await chain.addPriorityAddresses([own])).toMatchObject([{ changed: false }])
    await ask('Filecoin.MpoolPush', await signed(poor, poor, 0, '100000'))
    await ask('Filecoin.MpoolPush', await signed(rich, rich, 0, '900000'))
    await ask('Filecoin.MpoolPush', await signed(own, own, 0, '100'))
    await advance(1)
    const messages = await chain.messagesInTipSet((await chain.head()).key)
    expect(messages.map(({ message }) => message.from)).toEqual([own, rich, poor])
  })

  it('come back into the pool with a reorg, and land again', async () => {
    const from = await fundedKey('bls')
    const { CID } = (await ask('Filecoin.MpoolPushMessage', send(from, from), null)) as {
      CID: { '/': string }
    }
    await advance(3)
    const before = await chain.searchMessage(CID['/'] as never)
    await ask('Devnet.Reorg', 3, true)
    expect(await chain.searchMessage(CID['/'] as never)).toBeUndefined()
    expect((await chain.mpoolPending()).map(({ message }) => message.from)).toEqual([from])
    await advance(2)
    const after = await chain.searchMessage(CID['/'] as never)
    expect(after?.receipt.exitCode).toBe(0)
    expect(after?.height).toBeGreaterThan(before?.height ?? 0)
  })
})

describe('clock wall', () => {
  it('follows wall time and makes null rounds of what it slept through', async () => {
    await start({ mode: 'wall' })
    await expect(ask('Devnet.Advance', 1, false)).rejects.toThrow('follows wall time')
    const { genesisTimestamp = 0 } = await chain.networkParams()
    await new Promise((resolve) => setTimeout(resolve, 2_500))
    const expected = Math.floor(Date.now() / 1000 - genesisTimestamp)
    const head = await chain.head()
    expect(Math.abs(head.height - expected)).toBeLessThanOrEqual(1)
  })
})
