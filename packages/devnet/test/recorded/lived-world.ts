import {
  bitfield,
  changeBeneficiaryParams,
  changeWorkerAddressParams,
  declareFaultsParams,
  declareFaultsRecoveredParams,
  minerMethods,
  parseAddress,
} from '@sealane/actors'
import type { Json } from '@sealane/chain'
import { attoFil, epoch } from '@sealane/fil-units'
import { createDevnet, type Devnet } from '../../src/index.js'
import { SmallProvider, ToldVerifier } from '../small-provider.js'
import { link, type World } from './ask.js'

export interface LivedWorld {
  readonly devnet: Devnet
  readonly provider: SmallProvider
  readonly world: World
  readonly adminToken: string
  readonly url: (path?: string) => string
  close(): Promise<void>
}

/** Epochs after which an election looks at the state of today, and a new worker takes over. */
const aLongTime = 960

/** A devnet with a proven sector, deals, changed keys, faults, null rounds and a reorg behind it. */
export async function livedWorld(dataDir: string): Promise<LivedWorld> {
  const devnet = await createDevnet({
    dataDir,
    keySetDigest: 'cd'.repeat(32),
    verifier: new ToldVerifier(),
    clock: { mode: 'auto', blockDelayMs: 50, holdLimitMs: 30_000 },
  })
  const provider = new SmallProvider(devnet.apiInfo)
  const { chain } = provider
  const headLink = async () => link((await chain.head()).key[0] ?? '')
  await provider.begin()
  const stop = new AbortController()
  const watching = provider.watchDeadlines(stop.signal).catch(() => undefined)
  const deal = await provider.publish(1)
  await provider.seal(0, deal)
  await provider.until(
    'the sector has power',
    async () => (await chain.minerPower(provider.miner)).minerPower.rawBytePower > 0n,
  )

  const { client, owner, miner } = provider
  const newWorker = parseAddress(String(await provider.rpc('Filecoin.WalletNew', 'bls')))
  await provider.send(owner, newWorker, 0, new Uint8Array(), 10n ** 18n)
  await provider.send(
    owner,
    miner,
    minerMethods.ChangeWorkerAddress,
    changeWorkerAddressParams.encode({ newWorker, newControlAddrs: [provider.control] }),
  )
  const pendingWorker = await headLink()
  const nominee = provider.control
  const beneficiary = changeBeneficiaryParams.encode({
    newBeneficiary: (await chain.lookupId(nominee)) ?? nominee,
    newQuota: attoFil(10n ** 18n),
    newExpiration: epoch(100_000_000),
  })
  await provider.send(owner, miner, minerMethods.ChangeBeneficiary, beneficiary)
  const pendingBeneficiary = await headLink()
  await provider.send(nominee, miner, minerMethods.ChangeBeneficiary, beneficiary)
  const beneficiaryTerm = await headLink()

  const { height: before } = await chain.head()
  await provider.rpc('Devnet.Advance', aLongTime, false)
  await provider.until('a long time passed', async () => (await chain.head()).height >= before + aLongTime)
  stop.abort()
  await watching
  await provider.send(owner, miner, minerMethods.ConfirmChangeWorkerAddress, new Uint8Array())
  const workerConfirmed = await headLink()
  provider.worker = newWorker

  const unactivated = await provider.publish(2, new Uint8Array([0xff, 0xfe]))
  await provider.preCommit(7)
  const nullHeight = (await chain.head()).height + 1
  await provider.rpc('Devnet.NullRounds', 2)

  // A BLS and a secp256k1 message; a reorg puts both into one block.
  const bls = await provider.send(newWorker, owner, 0, new Uint8Array(), 5n)
  const landed = await provider.send(client, owner, 0, new Uint8Array(), 5n)
  await provider.rpc('Devnet.Reorg', (await chain.head()).height - bls.height + 2, false)
  const inclusion = await devnet.node.store.canonicalInclusion(landed.message)
  if (inclusion === undefined) throw new Error('nothing was included')
  const found = await provider.until('the message is executed', () => chain.searchMessage(landed.message))
  await provider.rpc('Devnet.Advance', 40, true)
  await provider.until('epochs', async () => (await chain.head()).height > found.height + 30)
  const head = await chain.head()

  const place = await chain.sectorPartition(miner, 0)
  if (place === undefined) throw new Error('the sector is nowhere')
  const sectors = [{ ...place, sectors: bitfield.of([0]) }]
  await provider.send(
    newWorker,
    miner,
    minerMethods.DeclareFaults,
    declareFaultsParams.encode({ faults: sectors }),
  )
  const faulty = await headLink()
  await provider.send(
    newWorker,
    miner,
    minerMethods.DeclareFaultsRecovered,
    declareFaultsRecoveredParams.encode({ recoveries: sectors }),
  )
  const recovering = await headLink()

  const nonce = await chain.mpoolNonce(client)
  const send = (change: { [key: string]: Json } = {}): Json => ({
    Version: 0,
    To: owner,
    From: client,
    Nonce: 0,
    Value: '1000',
    GasLimit: 0,
    GasFeeCap: '0',
    GasPremium: '0',
    Method: 0,
    Params: null,
    ...change,
  })
  const signed: World['signed'] = async (change = {}, nonceOffset = 0) =>
    provider.rpc(
      'Filecoin.WalletSignMessage',
      client,
      send({
        GasLimit: 2_000_000,
        GasFeeCap: '2000000',
        GasPremium: '200000',
        ...change,
        Nonce: nonce + nonceOffset,
      }),
    )
  const world: World = {
    miner: `t${miner.slice(1)}`,
    owner,
    worker: newWorker,
    workerId: (await chain.lookupId(newWorker)) ?? '',
    client,
    deal: deal.id,
    unactivated: unactivated.id,
    full: link(inclusion.block),
    fullChild: link(found.tipSet[0] ?? ''),
    genesis: link((await chain.genesis()).key[0] ?? ''),
    empty: link(head.blocks[0]?.parents[0] ?? ''),
    emptyChild: link(head.key[0] ?? ''),
    head: link(head.key[0] ?? ''),
    height: head.height,
    nullHeight,
    landed: link(landed.message),
    landedBls: link(bls.message),
    readToken: tokenOf(devnet.readApiInfo),
    unknownToken: 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA',
    deadline: place.deadline,
    at: { pendingWorker, workerConfirmed, pendingBeneficiary, beneficiaryTerm, faulty, recovering },
    send,
    signed,
    signature: (address, bytes) => provider.rpc('Filecoin.WalletSign', address, bytes),
  }
  // Stays in the pool: there is a gap before it.
  await provider.rpc('Filecoin.MpoolPush', await signed({}, 400))
  return {
    devnet,
    provider,
    world,
    adminToken: tokenOf(devnet.apiInfo),
    url: (path = '/rpc/v1') => `http://${devnet.host}:${devnet.port}${path}`,
    async close() {
      await chain.close()
      await devnet.close()
    },
  }
}

function tokenOf(apiInfo: string): string {
  return apiInfo.slice(0, apiInfo.indexOf(':'))
}
