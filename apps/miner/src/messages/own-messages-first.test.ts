import { join } from 'node:path'
import { formatAddress } from '@sealane/actors'
import { type ChainPort, createChainClient, rpcCall } from '@sealane/chain'
import { Health, silentLog } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DevnetProcess, startDevnet } from '../testing/devnet-process.js'
import { HandClock } from '../testing/miner-fixture.js'
import { Keystore } from '../wallet/keystore.js'
import { OwnMessagesFirst } from './own-messages-first.js'

describe('own messages first', () => {
  const directory = temporaryDirectory()
  let devnet: DevnetProcess
  let keystore: Keystore
  beforeAll(async () => {
    devnet = await startDevnet(join(directory, 'devnet'))
    keystore = await Keystore.open({ directory: join(directory, 'keystore') })
  }, 60_000)
  afterAll(async () => await devnet?.stop())

  const settings = async () => (await rpcCall(devnet.nodes, 'Filecoin.MpoolGetConfig', [])) as Settings
  const room = (chain: ChainPort, clock = new HandClock()) =>
    new OwnMessagesFirst(chain, keystore, clock, silentLog(), new Health())

  it('adds our keys to what the operator has set, as they are made', async () => {
    const theirs = 't01234'
    const before = { ...(await settings()), PriorityAddrs: [theirs], SizeLimitHigh: 12_345 }
    await rpcCall(devnet.nodes, 'Filecoin.MpoolSetConfig', [{ ...before }])
    const first = room(devnet.chain)
    await first.round()
    expect((await settings()).PriorityAddrs).toEqual([theirs])
    const addresses: string[] = []
    for (const name of ['worker', 'control-post']) {
      const { address } = await keystore.ensure(name, name === 'worker' ? 'bls' : 'secp256k1')
      addresses.push(formatAddress(address, 't'))
      await first.round()
      expect(await settings()).toEqual({ ...before, PriorityAddrs: [theirs, ...addresses] })
    }
  })

  it('leaves a node alone whose token may not set it', async () => {
    await rpcCall(devnet.nodes, 'Filecoin.MpoolSetConfig', [{ ...(await settings()), PriorityAddrs: null }])
    const chain = createChainClient({ nodes: devnet.nodes.slice(devnet.nodes.indexOf(':') + 1) })
    await room(chain).round()
    expect((await settings()).PriorityAddrs).toBeNull()
    await chain.close()
  })
})

type Settings = Record<string, number | string[] | null>
