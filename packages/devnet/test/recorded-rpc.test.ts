import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idAddress } from '@sealane/actors'
import { type Json, parseJson, stringifyJson } from '@sealane/chain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { differences, generic } from './difference.js'
import { SmallProvider, ToldVerifier } from './small-provider.js'

// Every exchange recorded from a real lotus that this devnet should answer alike, asked of a devnet that has lived a
// little. Shapes of results, and statuses, codes and texts of errors, are compared.

interface Exchange {
  readonly request?: { readonly method: string; readonly params?: Json }
  readonly requestRaw?: string
  readonly auth?: string
  readonly httpStatus: number
  readonly response?: Json
  readonly responseRaw?: string
}

const directory = new URL('./vectors/rpc/', import.meta.url)
const recorded = (name: string) =>
  parseJson(readFileSync(new URL(`${name}.json`, directory), 'utf8')) as unknown as Exchange

/** Of nothing on chain. */
const strangerKey = 't1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq'
const strangerCid = 'bafy2bzacebdvnnchlbr4odjqqn3qwplu43vdlmrm6vlyl5l4ledcfz4lqwo6o'

interface World {
  readonly miner: string
  readonly owner: string
  readonly worker: string
  readonly workerId: string
  readonly client: string
  readonly deal: number
  readonly unactivated: number
  /** A block that carried a message, and its child. */
  readonly full: Json
  readonly fullChild: Json
  readonly empty: Json
  readonly emptyChild: Json
  readonly head: Json
  readonly height: number
  /** A message that landed. */
  readonly landed: Json
  readonly readToken: string
  /** A message of the client, signed, with its next nonce, changed as told. */
  signed(change?: { [key: string]: Json }, nonceOffset?: number): Promise<Json>
  send(change?: { [key: string]: Json }): Json
}

const link = (cid: string): Json => ({ '/': cid })
type Ask = (w: World) => Json[] | Promise<Json[]>

/** Parameters that ask of our chain what the recording asked of its own. */
const asks: Readonly<Record<string, Ask>> = {
  Version: () => [],
  Session: () => [],
  AuthVerify: (w) => [w.readToken],
  'AuthNew--read': () => [['read']],
  StateNetworkName: () => [],
  StateNetworkVersion: (w) => [[w.head]],
  'StateNetworkVersion--empty-tsk': () => [[]],
  StateGetNetworkParams: () => [],
  NodeStatus: () => [true],
  SyncState: () => [],
  NetPeers: () => [],

  ChainHead: () => [],
  ChainGetGenesis: () => [],
  ChainGetTipSet: (w) => [[w.head]],
  'ChainGetTipSet--empty-key-error': () => [[]],
  'ChainGetTipSet--null-key': () => [null],
  'ChainGetTipSet--not-found-error': () => [[link(strangerCid)]],
  ChainGetTipSetByHeight: (w) => [w.height - 5, [w.head]],
  'ChainGetTipSetByHeight--empty-tsk': (w) => [w.height - 5, []],
  'ChainGetTipSetByHeight--null-tsk': (w) => [w.height - 5, null],
  'ChainGetTipSetByHeight--genesis': () => [0, []],
  'ChainGetTipSetByHeight--negative': (w) => [-1, [w.head]],
  'ChainGetTipSetByHeight--future-error': (w) => [w.height + 100_000, [w.head]],
  ChainGetTipSetAfterHeight: (w) => [w.height - 5, [w.head]],
  'ChainGetTipSetAfterHeight--null-round': (w) => [w.height - 5, [w.head]],
  ChainGetFinalizedTipSet: () => [],
  ChainTipSetWeight: (w) => [[w.head]],
  ChainGetPath: (w) => [[w.full], [w.fullChild]],
  'ChainGetPath--same': (w) => [[w.head], [w.head]],
  ChainGetBlock: (w) => [w.full],
  'ChainGetBlock--bls-and-secp': (w) => [w.full],
  'ChainGetBlock--not-found-error': () => [link(strangerCid)],
  'ChainGetBlockMessages--bls-and-secp': (w) => [w.full],
  'ChainGetBlockMessages--empty': (w) => [w.empty],
  ChainGetParentMessages: (w) => [w.fullChild],
  'ChainGetParentMessages--none': (w) => [w.emptyChild],
  ChainGetParentReceipts: (w) => [w.fullChild],
  'ChainGetParentReceipts--none': (w) => [w.emptyChild],
  ChainGetMessagesInTipset: (w) => [[w.full]],
  'ChainGetMessagesInTipset--none': (w) => [[w.empty]],
  ChainGetMessage: (w) => [w.landed],
  'ChainGetMessage--not-found-error': () => [link(strangerCid)],
  ChainHasObj: (w) => [w.full],
  'ChainHasObj--false': () => [link(strangerCid)],
  ChainReadObj: (w) => [w.full],
  'ChainReadObj--secp-signed-message': (w) => [w.landed],
  'ChainReadObj--not-found-error': () => [link(strangerCid)],

  'StateGetActor--key': (w) => [w.worker, [w.head]],
  'StateGetActor--not-found-error': () => ['t0999999', []],
  'StateGetActor--unresolvable-error': () => [strangerKey, []],
  'StateGetActor--bad-checksum-error': () => [`${strangerKey.slice(0, -1)}a`, []],
  StateLookupID: (w) => [w.worker, [w.head]],
  'StateLookupID--id': (w) => [w.workerId, [w.head]],
  StateAccountKey: (w) => [w.workerId, [w.head]],
  'StateAccountKey--not-account-error': (w) => [w.miner, [w.head]],
  'StateAccountKey--not-found-error': () => ['t0999999', []],
  StateLookupRobustAddress: (w) => [w.miner, [w.head]],
  StateActorCodeCIDs: () => [28],
  'StateActorCodeCIDs--bad-nv-error': () => [99],
  'StateReadState--account': (w) => [w.workerId, []],
  StateListMiners: () => [[]],
  StateListActors: () => [[]],

  StateMinerInfo: (w) => [w.miner, [w.head]],
  'StateMinerInfo--empty-tsk': (w) => [w.miner, []],
  'StateMinerInfo--null-tsk': (w) => [w.miner, null],
  'StateMinerInfo--f0-prefix': (w) => [`f${w.miner.slice(1)}`, []],
  'StateMinerInfo--actor-not-found-error': () => ['t0999999', []],
  'StateMinerInfo--non-miner-error': (w) => [w.workerId, []],
  'StateMinerInfo--bad-tipset-error': (w) => [w.miner, [link(strangerCid)]],
  StateMinerPower: (w) => [w.miner, [w.head]],
  'StateMinerPower--non-miner': (w) => [w.workerId, [w.head]],
  StateMinerAvailableBalance: (w) => [w.miner, [w.head]],
  StateMinerCreationDeposit: () => [[]],
  StateMinerProvingDeadline: (w) => [w.miner, [w.head]],
  'StateMinerProvingDeadline--old-tipset': (w) => [w.miner, [w.fullChild]],
  'StateMinerProvingDeadline--non-miner-error': (w) => [w.workerId, []],
  StateMinerDeadlines: (w) => [w.miner, [w.head]],
  'StateMinerPartitions--1': (w) => [w.miner, 0, [w.head]],
  'StateMinerPartitions--bad-deadline-error': (w) => [w.miner, 48, [w.head]],
  'StateMinerSectors--filter': (w) => [w.miner, [0, 1], [w.head]],
  'StateMinerSectors--empty-filter': (w) => [w.miner, [0], [w.head]],
  'StateMinerSectors--nonexistent': (w) => [w.miner, [9999, 1], [w.head]],
  'StateMinerSectors--non-miner-error': (w) => [w.workerId, null, []],
  StateMinerActiveSectors: (w) => [w.miner, [w.head]],
  StateMinerSectorCount: (w) => [w.miner, [w.head]],
  StateMinerFaults: (w) => [w.miner, [w.head]],
  StateMinerRecoveries: (w) => [w.miner, [w.head]],
  StateMinerAllocated: (w) => [w.miner, [w.head]],
  'StateMinerSectorAllocated--true': (w) => [w.miner, 0, [w.head]],
  StateSectorPreCommitInfo: (w) => [w.miner, 7, [w.head]],
  'StateSectorPreCommitInfo--already-proven': (w) => [w.miner, 0, [w.head]],
  'StateSectorGetInfo--2': (w) => [w.miner, 0, [w.head]],
  'StateSectorGetInfo--none': (w) => [w.miner, 99_999, [w.head]],
  'StateSectorPartition--11': (w) => [w.miner, 0, [w.head]],
  'StateSectorExpiration--2': (w) => [w.miner, 0, [w.head]],
  'StateSectorExpiration--none-error': (w) => [w.miner, 99_999, [w.head]],
  StateMinerPreCommitDepositForPower: (w) => [
    w.miner,
    {
      SealProof: 5,
      SectorNumber: 9,
      SealedCID: link('bagboea4b5abca2zc3cp23aignqeequreyrwlcf3jlhq5mgvldmd2d3kt2bukznrn'),
      SealRandEpoch: 1,
      DealIDs: null,
      Expiration: 1_550_000,
      UnsealedCid: null,
    },
    [w.head],
  ],
  StateMinerInitialPledgeForSector: () => [1_500_000, 2048, 0, []],

  StateGetRandomnessFromTickets: (w) => [5, w.height - 5, 'QwDoBw==', [w.head]],
  'StateGetRandomnessFromTickets--negative-epoch': (w) => [5, -1, 'QwDoBw==', [w.head]],
  StateGetRandomnessFromBeacon: (w) => [6, w.height - 5, 'QwDoBw==', [w.head]],
  'StateGetRandomnessFromBeacon--null-entropy': (w) => [6, w.height - 5, null, [w.head]],
  'StateGetRandomnessFromBeacon--future-error': (w) => [6, w.height + 5, 'QwDoBw==', [w.head]],
  StateGetRandomnessDigestFromTickets: (w) => [w.height - 5, [w.head]],
  StateGetBeaconEntry: (w) => [w.height - 5],

  StateMarketBalance: (w) => [w.miner, [w.head]],
  'StateMarketBalance--client': (w) => [w.client, [w.head]],
  'StateMarketBalance--none': (w) => ['t01', [w.head]],
  'StateMarketStorageDeal--2': (w) => [w.deal, [w.head]],
  'StateMarketStorageDeal--published-not-activated': (w) => [w.unactivated, [w.head]],
  'StateMarketStorageDeal--not-found-error': (w) => [99_999, [w.head]],
  StateMarketDeals: (w) => [[w.head]],
  StateDealProviderCollateralBounds: () => [2048, false, []],
  StateVMCirculatingSupplyInternal: () => [[]],
  StateCirculatingSupply: () => [[]],
  'StateVerifiedClientStatus--none': (w) => [w.client, []],
  'StateVerifierStatus--none': (w) => [w.client, []],
  'StateGetAllocation--none': (w) => [w.client, 1, []],
  'StateGetAllocationForPendingDeal--none': () => [1, []],
  'StateGetAllocationIdForPendingDeal--none': () => [1, []],

  StateCall: (w) => [w.send({ To: w.miner, From: w.worker, Method: 2, Value: '0' }), [w.head]],
  'StateCall--actor-error': (w) => [w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==', Value: '0' }), []],
  'StateCall--no-such-method': (w) => [w.send({ To: w.miner, Method: 9999, Value: '0' }), []],
  'StateCall--unknown-from': (w) => [w.send({ From: strangerKey }), []],
  StateSearchMsg: (w) => [[w.head], w.landed, -1, true],
  'StateSearchMsg--empty-tsk': (w) => [[], w.landed, -1, true],
  'StateSearchMsg--not-found': (w) => [[w.head], link(strangerCid), 100, true],
  'StateSearchMsg--lookback-too-short': (w) => [[w.head], w.landed, 1, true],
  StateWaitMsg: (w) => [w.landed, 2, -1, true],
  'StateWaitMsg--not-found-error': () => [link(strangerCid), 2, -1, true],
  StateReplay: (w) => [[w.full], w.landed],
  'StateReplay--empty-tsk': (w) => [[], w.landed],
  'StateReplay--lookup-tipset-error': (w) => [[w.fullChild], w.landed],
  StateListMessages: (w) => [{ To: w.miner, From: w.worker }, [w.head], w.height],
  'StateListMessages--none': (w) => [{ To: w.client, From: w.worker }, [w.head], 0],
  'StateListMessages--empty-filter-error': (w) => [{}, [w.head], 0],

  GasEstimateMessageGas: (w) => [w.send(), { MaxFee: '100000000000000000' }, [w.head]],
  'GasEstimateMessageGas--null-spec': (w) => [w.send(), null, []],
  'GasEstimateMessageGas--preset-gas-limit': (w) => [w.send({ GasLimit: 5_000_000 }), null, []],
  'GasEstimateMessageGas--unknown-sender': (w) => [w.send({ From: strangerKey }), null, []],
  'GasEstimateMessageGas--no-such-method': (w) => [w.send({ To: w.miner, Method: 9999 }), null, []],
  'GasEstimateMessageGas--not-enough-funds': (w) => [
    w.send({ Value: '1000000000000000000000000000' }),
    null,
    [],
  ],
  'GasEstimateMessageGas--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    null,
    [],
  ],
  'GasEstimateGasLimit--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    [],
  ],
  GasEstimateGasLimit: (w) => [w.send(), []],
  GasEstimateFeeCap: (w) => [w.send({ GasPremium: '100000' }), 20, []],
  GasEstimateGasPremium: (w) => [10, w.client, 1_000_000, []],
  'GasEstimateGasPremium--2': (w) => [2, w.client, 1_000_000, []],

  MpoolGetNonce: (w) => [w.client],
  'MpoolGetNonce--id-address': (w) => [w.workerId],
  'MpoolGetNonce--never-seen': () => [strangerKey],
  MpoolGetConfig: () => [],
  'MpoolPending--some': () => [[]],
  'MpoolSelect--some': (w) => [[w.head], 0.8],
  MpoolPush: async (w) => [await w.signed({ Nonce: 0 }, 500)],
  'MpoolPush--nonce-gap-too-big': async (w) => [await w.signed({}, 600)],
  'MpoolPush--bad-signature-error': async (w) => [
    swapSignature(await w.signed(), await w.signed({ Value: '7' })),
  ],
  'MpoolPush--tampered-error': async (w) => [
    swapSignature(await w.signed({ Value: '8' }), await w.signed({ Value: '9' })),
  ],
  'MpoolPush--wrong-signature-type-error': async (w) => [retyped(await w.signed())],
  'MpoolPush--fee-cap-99-error': async (w) => [await w.signed({ GasFeeCap: '99', GasPremium: '99' })],
  'MpoolPush--gas-limit-too-high-error': async (w) => [await w.signed({ GasLimit: 10_000_000_001 })],
  'MpoolPush--gas-limit-too-low-error': async (w) => [await w.signed({ GasLimit: 1000 })],
  'MpoolPush--gas-limit-zero-error': async (w) => [await w.signed({ GasLimit: 0 })],
  'MpoolPush--premium-over-cap-error': async (w) => [
    await w.signed({ GasFeeCap: '200000', GasPremium: '200001' }),
  ],
  'MpoolPush--nonce-too-low-error': async (w) => [await w.signed({}, -1)],
  'MpoolPush--not-enough-funds-error': async (w) => [
    await w.signed({ GasFeeCap: '1000000000000000', GasLimit: 2_000_000 }),
  ],
  'MpoolPush--missing-message-error': () => [{ Signature: { Type: 1, Data: 'AAAA' } }],
  'MpoolPush--value-as-number-error': async (w) => [valueAsNumber(await w.signed())],
  'MpoolPush--rbf-too-low-error': async (w) => [await w.signed({ GasPremium: '210000' }, 400)],
  'MpoolPush--rbf-same-premium-error': async (w) => [await w.signed({ Value: '77' }, 400)],
  'MpoolPush--rbf-ok': async (w) => [await w.signed({ GasPremium: '220001' }, 400)],
  MpoolBatchPush: async (w) => [[await w.signed({}, 700), await w.signed({}, 701)]],
  'MpoolBatchPush--second-bad-error': async (w) => [[await w.signed({}, 702), await w.signed({}, -1)]],
  MpoolPushMessage: (w) => [w.send(), null],
  MpoolBatchPushMessage: (w) => [[w.send(), w.send()], null],
  'MpoolPushMessage--nonce-set-error': (w) => [w.send({ Nonce: 5 }), null],
  'MpoolPushMessage--no-key-error': (w) => [w.send({ From: strangerKey }), null],
  'MpoolPushMessage--from-miner-error': (w) => [w.send({ From: w.miner }), null],
  'MpoolPushMessage--exec-failure-error': (w) => [
    w.send({ To: w.miner, Method: 16, Params: 'gUIAAQ==' }),
    null,
  ],
  'MpoolPushMessage--not-enough-funds-error': (w) => [w.send({ Value: '1000000000000000000000000' }), null],
  'MpoolPushMessage--actor-not-found-to': (w) => [w.send({ To: 't0999999' }), null],
  'MpoolPushMessage--spec-uuid': (w) => [
    w.send(),
    { MaxFee: '0', MsgUuid: '11111111-2222-4333-8444-555555555555' },
  ],

  WalletBalance: (w) => [w.client],
  WalletList: () => [],
  WalletDefaultAddress: () => [],
  'WalletHas--true': (w) => [w.client],
  'WalletHas--false': () => [strangerKey],
  'WalletNew--bls': () => ['bls'],
  'WalletNew--bad-type-error': () => ['ed25519'],
  'WalletSign--bls': (w) => [w.worker, 'aGVsbG8gZmlsZWNvaW4='],
  'WalletSign--secp256k1': (w) => [w.client, 'aGVsbG8gZmlsZWNvaW4='],
  WalletSignMessage: (w) => [w.client, w.send()],
  WalletValidateAddress: (w) => [w.client],
  'WalletExport--throwaway': (w) => [w.client],
  'WalletExport--missing-error': () => [strangerKey],
}

/** Where this chain has less to say than a real one (Devnet.Info lists why), or a label is anybody's text. */
const allow = {
  mayBeNull: [
    '.EventsRoot',
    '.Return',
    '.ReturnDec',
    '.InvokedActor',
    '.Params',
    '.Subcalls',
    '.ControlAddresses',
  ],
  mayBeAbsent: [
    '.ExecutionTrace.Logs',
    '.ExecutionTrace.IpldOps',
    '.eam',
    '.evm',
    '.ethaccount',
    '.multisig',
    '.paymentchannel',
    '.placeholder',
  ],
  free: ['.Label'],
}

const swapSignature = (signed: Json, other: Json): Json => ({
  ...(signed as object),
  Signature: (other as { Signature: Json }).Signature,
})
const retyped = (signed: Json): Json => ({
  ...(signed as object),
  Signature: { ...(signed as { Signature: object }).Signature, Type: 2 },
})
const valueAsNumber = (signed: Json): Json => ({
  ...(signed as object),
  Message: { ...(signed as { Message: object }).Message, Value: 1000 },
})

describe('answers as a real lotus gives them', () => {
  let devnet: Devnet
  let provider: SmallProvider
  let world: World
  let url: string
  const token = () => devnet.apiInfo.slice(0, devnet.apiInfo.indexOf(':'))

  async function post(body: string, bearer: string | undefined) {
    const response = await fetch(url, {
      method: 'POST',
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      body,
    })
    return {
      status: response.status,
      text: await response.text(),
      type: response.headers.get('content-type'),
    }
  }

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir: mkdtempSync(join(tmpdir(), 'devnet-rpc-')),
      keySetDigest: 'cd'.repeat(32),
      verifier: new ToldVerifier(),
      clock: { mode: 'auto', blockDelayMs: 50, holdLimitMs: 30_000 },
    })
    url = `http://${devnet.host}:${devnet.port}/rpc/v1`
    provider = new SmallProvider(devnet.apiInfo)
    await provider.begin()
    const stop = new AbortController()
    const watching = provider.watchDeadlines(stop.signal).catch(() => undefined)
    const deal = await provider.publish(1)
    await provider.seal(0, deal)
    const { chain, client } = provider
    await provider.until(
      'the sector has power',
      async () => (await chain.minerPower(provider.miner)).minerPower.rawBytePower > 0n,
    )
    stop.abort()
    await watching
    const unactivated = await provider.publish(2)
    await provider.preCommit(7)
    const landed = await provider.send(client, provider.owner, 0, new Uint8Array(), 5n)
    const inclusion = await devnet.node.store.canonicalInclusion(landed.message)
    if (inclusion === undefined) throw new Error('nothing was included')
    const child = landed.tipSet[0]
    await provider.rpc('Devnet.Advance', 40, true)
    await provider.until('epochs', async () => (await chain.head()).height > landed.height + 30)
    const head = await chain.head()
    const emptyChild = await chain.tipSetByHeight(head.height)
    const nonce = await chain.mpoolNonce(client)
    const send = (change: { [key: string]: Json } = {}): Json => ({
      Version: 0,
      To: provider.owner,
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
    world = {
      miner: `t${provider.miner.slice(1)}`,
      owner: provider.owner,
      worker: provider.worker,
      workerId: (await chain.lookupId(provider.worker)) ?? idAddress(0),
      client,
      deal: deal.id,
      unactivated: unactivated.id,
      full: link(inclusion.block),
      fullChild: link(child ?? ''),
      empty: link(emptyChild.blocks[0]?.parents[0] ?? ''),
      emptyChild: link(emptyChild.key[0] ?? ''),
      head: link(head.key[0] ?? ''),
      height: head.height,
      landed: link(landed.message),
      readToken: devnet.readApiInfo.slice(0, devnet.readApiInfo.indexOf(':')),
      send,
      signed: async (change = {}, nonceOffset = 0) =>
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
        ),
    }
    // Stays in the pool: there is a gap before it.
    await provider.rpc('Filecoin.MpoolPush', await world.signed({}, 400))
  })
  afterAll(async () => {
    await provider?.chain.close()
    await devnet?.close()
  })

  it.each(Object.keys(asks))('%s', async (name) => {
    const exchange = recorded(name)
    const params = await asks[name]?.(world)
    if (exchange.request === undefined || params === undefined) throw new Error('not a request')
    const body = stringifyJson({ jsonrpc: '2.0', id: 7, method: exchange.request.method, params })
    const { status, text } = await post(body, token())
    const ours = parseJson(text) as { result?: Json; error?: { code: number; message: string } }
    const theirs = exchange.response as { result?: Json; error?: { code: number; message: string } }
    expect(text.endsWith('\n')).toBe(true)
    if (theirs.error !== undefined) {
      expect(ours.error, text).toBeDefined()
      expect(generic(ours.error?.message ?? '')).toBe(generic(theirs.error.message))
      expect({ code: ours.error?.code, status }).toEqual({
        code: theirs.error.code,
        status: exchange.httpStatus,
      })
      expect(Object.keys(ours.error ?? {})).toEqual(Object.keys(theirs.error))
    } else {
      expect(ours.error).toBeUndefined()
      expect(status).toBe(exchange.httpStatus)
      expect(differences(theirs.result ?? null, ours.result ?? null, allow)).toEqual([])
      if (theirs.result === null) expect(ours.result).toBeNull()
    }
  })

  const transport = readdirSync(directory)
    .map((file) => file.replace(/\.json$/, ''))
    .filter((name) => name.startsWith('err--') && !['err--bad-path-404', 'err--http-get'].includes(name))

  it.each(transport)('%s', async (name) => {
    const exchange = recorded(name)
    const body = exchange.requestRaw ?? stringifyJson(exchange.request as unknown as Json)
    const bearer =
      exchange.auth === 'none'
        ? undefined
        : exchange.auth !== 'bearer other'
          ? token()
          : name === 'err--read-token-write-method'
            ? world.readToken
            : 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'
    const { status, text } = await post(body, bearer)
    expect(status).toBe(exchange.httpStatus)
    if (exchange.response === undefined || typeof exchange.response === 'string') {
      expect(text).toBe(exchange.responseRaw ?? exchange.response ?? '')
      return
    }
    const ours = parseJson(text)
    expect(differences(exchange.response, ours)).toEqual([])
    const error = (json: Json) => (json as { error?: { code: number; message: string } }).error
    expect(error(ours)?.code).toEqual(error(exchange.response)?.code)
    expect(generic(error(ours)?.message ?? '')).toBe(generic(error(exchange.response)?.message ?? ''))
  })

  it('another path is not found, and GET is no request', async () => {
    const other = await fetch(url.replace('/rpc/v1', '/rpc/v9'), { method: 'POST', body: '{}' })
    expect({ status: other.status, text: await other.text() }).toEqual({
      status: 404,
      text: '404 page not found\n',
    })
    const get = await fetch(url)
    const exchange = recorded('err--http-get')
    expect({ status: get.status, text: await get.text() }).toEqual({
      status: exchange.httpStatus,
      text: exchange.responseRaw,
    })
  })
})
