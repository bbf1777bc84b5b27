import { parseAddress, randomnessTags } from '@sealane/actors'
import { epoch, paddedSize } from '@sealane/fil-units'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type ChainPort, createChainClient, type Json, shapes } from '../src/index.js'
import { Playback, recorded } from './playback.js'

const miner = parseAddress('t01000')
const worker = parseAddress(
  't3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
)

let node: Playback
let chain: ChainPort

beforeEach(async () => {
  node = await Playback.start()
  chain = createChainClient({ nodes: node.apiInfo, timeoutMs: 500, maxResponseBytes: 1_000_000 })
})
afterEach(async () => {
  await chain.close()
  await node.stop()
})

/** Asks with a recorded exchange's own question, and expects the very same question to have been sent. */
async function answered<T>(name: string, ask: () => Promise<T>): Promise<T> {
  node.play(name)
  const answer = await ask()
  expect(node.asked.at(-1)?.method).toBe(recorded(name).request.method)
  return answer
}

const tskOf = (name: string, index: number) => {
  const params = recorded(name).request.params as readonly Json[]
  return shapes.tipSetKey.read(params[index] ?? null, 'tsk')
}

describe('what a real lotus answered', () => {
  it('is read into house types: the node and the network', async () => {
    expect(await answered('Version', () => chain.version())).toEqual({
      version: 'v1.36.2-dev+2k+git.b835fab70',
      apiVersion: 0x020300,
      blockDelaySeconds: 1,
      agent: 'lotus',
    })
    expect(await answered('StateNetworkName', () => chain.networkName())).toBe('localnet-2k')
    expect(await answered('StateNetworkVersion', () => chain.networkVersion())).toBe(28)
    expect(await answered('StateGetNetworkParams', () => chain.networkParams())).toMatchObject({
      preCommitChallengeDelay: 10,
      consensusMinerMinPower: 2048n,
      genesisTimestamp: 1795353800,
    })
  })

  it('is read into house types: tipsets', async () => {
    const head = await answered('ChainHead', () => chain.head())
    expect(head).toMatchObject({ height: 3918, timestamp: 1795357718 })
    expect(head.key).toEqual(['bafy2bzaceanx36ir3duk3f2avrrjk5feb7ldj5zkiwc3jkuns3lzjf37nyknq'])
    expect(head.blocks[0]).toMatchObject({ miner: 'f01000', parentWeight: 22_696_644n, beaconEntries: [] })
    const path = await answered('ChainGetPath', () =>
      chain.path(tskOf('ChainGetPath', 0), tskOf('ChainGetPath', 1)),
    )
    expect(path.map(({ type }) => type)).toContain('apply')
    expect(
      (await answered('ChainGetGenesis', () => chain.genesis())).blocks[0]?.ticket?.vrfProof,
    ).toHaveLength(32)
  })

  it('is read into house types: messages and receipts', async () => {
    const block = head()
    expect(await answered('ChainGetParentMessages--none', () => chain.parentMessages(block))).toEqual([])
    const messages = await answered('ChainGetParentMessages', () => chain.parentMessages(block))
    const receipts = await answered('ChainGetParentReceipts', () => chain.parentReceipts(block))
    expect(messages).toHaveLength(receipts.length)
    expect(receipts[0]).toMatchObject({ exitCode: 0, gasUsed: 12_881_561 })
    const lookup = await answered('StateSearchMsg', () => chain.searchMessage(block))
    expect(lookup).toMatchObject({ height: 1257, receipt: { exitCode: 0 } })
    const { bls, secp, cids } = await answered('ChainGetBlockMessages--bls-and-secp', () =>
      chain.blockMessages(block),
    )
    expect(cids).toHaveLength(bls.length + secp.length)
  })

  it('is read into house types: a miner', async () => {
    const info = await answered('StateMinerInfo', () => chain.minerInfo(miner, tskOf('StateMinerInfo', 1)))
    expect(node.asked.at(-1)?.params).toEqual(['f01000', [{ '/': tskOf('StateMinerInfo', 1)[0] }]])
    expect(info).toMatchObject({
      owner: 'f0100',
      sectorSize: 2048n,
      workerChangeEpoch: -1,
      controlAddresses: ['f01004'],
    })
    expect(info.newWorker).toBeUndefined()
    const changing = await answered('StateMinerInfo--pending-worker', () => chain.minerInfo(miner))
    expect(changing.newWorker).toMatch(/^f0/)
    await answered('StateMinerInfo--pending-beneficiary', () => chain.minerInfo(miner))
    await answered('StateMinerInfo--pending-owner', () => chain.minerInfo(miner))
    expect((await answered('StateMinerPower', () => chain.minerPower(miner))).minerPower.rawBytePower).toBe(
      20_480n,
    )
    expect(await answered('StateMinerProvingDeadline', () => chain.provingDeadline(miner))).toMatchObject({
      index: 6,
      open: 3898,
      close: 3958,
    })
    expect(await answered('StateMinerDeadlines', () => chain.deadlines(miner))).toHaveLength(48)
    const [partition] = await answered('StateMinerPartitions--faulty', () => chain.partitions(miner, 1))
    expect(partition?.allSectors.toNumbers()).toEqual([2, 3])
    expect(partition?.faultySectors.toNumbers()).toEqual([3])
    expect((await answered('StateMinerAllocated', () => chain.allocatedSectors(miner))).has(5005)).toBe(true)
  })

  it('is read into house types: sectors, and what is not there is undefined', async () => {
    expect(await answered('StateSectorGetInfo--2', () => chain.sectorInfo(miner, 2))).toMatchObject({
      activation: 301,
      initialPledge: 59_604_643_840n,
    })
    expect(await answered('StateSectorGetInfo--none', () => chain.sectorInfo(miner, 99))).toBeUndefined()
    expect(await answered('StateSectorPreCommitInfo', () => chain.preCommitInfo(miner, 9))).toMatchObject({
      preCommitEpoch: 1256,
      info: { sealRandEpoch: 354, dealIds: [] },
    })
    expect(
      await answered('StateSectorPreCommitInfo--already-proven', () => chain.preCommitInfo(miner, 2)),
    ).toBeUndefined()
    expect(await answered('StateSectorPartition--11', () => chain.sectorPartition(miner, 11))).toEqual({
      deadline: 5,
      partition: 0,
    })
    expect(
      await answered('StateSectorExpiration--none-error', () => chain.sectorExpiration(miner, 99)),
    ).toBeUndefined()
    expect(
      await answered('StateMarketStorageDeal--not-found-error', () => chain.marketDeal(99)),
    ).toBeUndefined()
    expect(await answered('StateGetActor--not-found-error', () => chain.getActor(miner))).toBeUndefined()
    expect(await answered('StateGetActor--unresolvable-error', () => chain.getActor(worker))).toBeUndefined()
    expect(await answered('StateSearchMsg--not-found', () => chain.searchMessage(head()))).toBeUndefined()
  })

  it('asks for sectors one by one when one of several is not there', async () => {
    node.play('StateMinerSectors--nonexistent')
    node.play('StateSectorGetInfo--2')
    const sectors = await chain.sectors(miner, [2])
    expect(sectors.map(({ sectorNumber }) => sectorNumber)).toEqual([2])
  })

  it('is read into house types: money and randomness', async () => {
    expect(await answered('StateMarketBalance', () => chain.marketBalance(miner))).toMatchObject({
      escrow: expect.any(BigInt),
    })
    expect(await answered('StateMarketStorageDeal--2', () => chain.marketDeal(2))).toMatchObject({
      proposal: { pieceSize: 2048n, client: 'f01003', startEpoch: 2540 },
      state: { sectorNumber: 4, sectorStartEpoch: 513, slashEpoch: -1 },
    })
    await answered('StateMarketStorageDeal--bytes-label', () => chain.marketDeal(2))
    expect(
      (
        await answered('StateDealProviderCollateralBounds', () =>
          chain.collateralBounds(paddedSize(2048n), false),
        )
      ).min,
    ).toBeGreaterThan(0n)
    expect(await answered('StateMinerCreationDeposit', () => chain.creationDeposit())).toBeGreaterThan(0n)
    expect(
      await answered('StateMinerInitialPledgeForSector', () =>
        chain.initialPledge({ durationEpochs: 1_500_000, sectorSize: 2048n }),
      ),
    ).toBeGreaterThan(0n)
    expect(
      await answered('StateGetRandomnessFromTickets', () =>
        chain.ticketRandomness(randomnessTags.SealRandomness, epoch(1), new Uint8Array([1])),
      ),
    ).toHaveLength(32)
    await answered('StateVMCirculatingSupplyInternal', () => chain.circulatingSupply())
    expect(await answered('WalletBalance', () => chain.walletBalance(worker))).toBeGreaterThan(0n)
  })

  it('does not lose digits where a number is longer than a double', async () => {
    const [message] = await answered('MpoolPending--some', () => chain.mpoolPending()).then((all) =>
      all.map((one) => one.message),
    )
    if (message === undefined) throw new Error('the recording has no message')
    const result = await answered('StateCall', () => chain.call(message))
    expect(result).toMatchObject({ receipt: { exitCode: 0, gasUsed: 1_275_029 }, error: '' })
    expect(await answered('StateCall--actor-error', () => chain.call(message))).toMatchObject({
      receipt: { exitCode: 18 },
    })
    const filled = await answered('GasEstimateMessageGas', () => chain.estimateGas(message, { maxFee: 100n }))
    expect(filled).toMatchObject({ gasLimit: 819_453, gasFeeCap: 101_625n })
    expect(node.asked.at(-1)?.params).toMatchObject([{}, { MaxFee: '100' }, []])
  })
})

describe('what goes wrong', () => {
  it('is named: a simulation that failed, with its exit code', async () => {
    const message = shapes.message.read(
      (recorded('GasEstimateMessageGas').request.params as Json[])[0] ?? null,
      'message',
    )
    node.play('GasEstimateMessageGas--exec-failure-error')
    await expect(chain.estimateGas(message)).rejects.toMatchObject({
      code: 'EXECUTION_FAILED',
      remedy: 'retry',
      rpcCode: 3,
      facts: { exitCode: 18 },
      text: expect.stringContaining('caller f01003 is not one of supported'),
    })
  })

  it.each([
    ['MpoolPush--nonce-too-low-error', 'NONCE_TOO_LOW'],
    ['MpoolPush--rbf-too-low-error', 'REPLACE_UNDERPRICED'],
    ['MpoolPush--not-enough-funds-error', 'NOT_ENOUGH_FUNDS'],
    ['MpoolPush--fee-cap-too-low-error', 'FEE_CAP_TOO_LOW'],
    ['MpoolPush--bad-signature-error', 'SIGNATURE_INVALID'],
    ['MpoolPush--gas-limit-zero-error', 'MESSAGE_INVALID'],
    ['err--no-token-write-method', 'REFUSED'],
    ['err--unknown-token-401', 'REFUSED'],
  ])('is named: %s', async (name, code) => {
    node.play(name, 'Filecoin.MpoolPush')
    await expect(chain.mpoolPush(signedMessage())).rejects.toMatchObject({ code })
  })

  it('a message that the pool has already is a success', async () => {
    node.error(
      'Filecoin.MpoolPush',
      1,
      'failed to add locked: message from t1 with nonce 3 already in mpool: message with nonce already exists',
    )
    expect(await chain.mpoolPush(signedMessage())).toMatch(/^bafy/)
  })

  it('is asked again when a kept connection was closed at that moment', async () => {
    node.play('ChainHead')
    node.instead = 'hang up once'
    expect((await chain.head()).height).toBe(3918)
    expect(node.asked).toHaveLength(2)
  })

  it('is named: an answer that never comes, never ends, or is no answer', async () => {
    node.instead = 'hang'
    await expect(chain.head()).rejects.toMatchObject({ code: 'TIMEOUT' })
    node.instead = 'hang up'
    await expect(chain.head()).rejects.toMatchObject({ code: 'NODE_DOWN' })
    node.instead = 'flood'
    await expect(chain.head()).rejects.toMatchObject({ code: 'TOO_LARGE' })
    node.instead = 'no json'
    await expect(chain.head()).rejects.toMatchObject({ code: 'MALFORMED' })
    node.instead = 'answer'
    node.result('Filecoin.ChainHead', { Cids: [], Blocks: [], Height: 'seven' })
    await expect(chain.head()).rejects.toMatchObject({
      code: 'MALFORMED',
      text: expect.stringContaining('ChainHead.Height'),
    })
    await expect(chain.genesis()).rejects.toMatchObject({ code: 'NO_METHOD' })
  })
})

describe('several nodes', () => {
  let second: Playback
  beforeEach(async () => {
    second = await Playback.start('Version', 'ChainHead', 'StateNetworkName', 'MpoolPush', 'MpoolGetNonce')
    for (const name of ['Version', 'ChainHead', 'StateNetworkName', 'MpoolPush']) node.play(name)
    await chain.close()
    chain = createChainClient({
      nodes: `${node.apiInfo},TOKEN:${second.apiInfo}`,
      timeoutMs: 500,
      compareEveryMs: 60_000,
    })
  })
  afterEach(() => second.stop())

  it('the next one answers when one is down, and keeps being asked', async () => {
    node.instead = 'hang up'
    expect((await chain.head()).height).toBe(3918)
    expect(second.asked.at(-1)?.token).toBe('Bearer TOKEN')
    expect(chain.nodes().map(({ state }) => state)).toEqual(['dead', 'ok'])
    const before = node.asked.length
    await chain.head()
    expect(node.asked).toHaveLength(before)
  })

  it('another one is asked about a tipset that one does not have', async () => {
    node.error(
      'Filecoin.StateMinerInfo',
      1,
      'failed to load tipset: get block bafy2bzacebdv: ipld: could not find bafy2bzacebdv',
    )
    second.play('StateMinerInfo')
    expect((await chain.minerInfo(miner, [head()])).sectorSize).toBe(2048n)
  })

  it('a message goes to all of them; one that takes it is enough', async () => {
    node.play('MpoolPush--nonce-too-low-error')
    expect(await chain.mpoolPush(signedMessage())).toMatch(/^bafy/)
    const pushes = (of: Playback) => of.asked.filter(({ method }) => method === 'Filecoin.MpoolPush').length
    expect([pushes(node), pushes(second)]).toEqual([1, 1])
  })

  it('a push that one node refused and another never answered is in doubt, not refused', async () => {
    node.play('MpoolPush--nonce-too-low-error')
    second.instead = 'hang up'
    await expect(chain.mpoolPush(signedMessage())).rejects.toMatchObject({ code: 'NODE_DOWN' })
  })

  it('the next nonce is the highest that any node knows', async () => {
    node.result('Filecoin.MpoolGetNonce', 4)
    second.result('Filecoin.MpoolGetNonce', 7)
    expect(await chain.mpoolNonce(worker)).toBe(7)
  })

  describe('one of which hears everything and answers nothing', () => {
    const timeoutMs = 3_000
    const tookMs = async (work: Promise<unknown>) => {
      const startedMs = performance.now()
      await work
      return performance.now() - startedMs
    }
    beforeEach(async () => {
      await chain.close()
      node.instead = 'hang'
      second.result('Filecoin.MpoolGetNonce', 7)
      chain = createChainClient({
        nodes: `${node.apiInfo},${second.apiInfo}`,
        timeoutMs,
        compareEveryMs: 60_000,
      })
      await chain.head()
      expect(chain.nodes().map(({ state }) => state)).toEqual(['dead', 'ok'])
    })

    it('is told each message, and holds up neither nonces nor pushes', async () => {
      expect(await tookMs(chain.mpoolNonce(worker))).toBeLessThan(timeoutMs / 2)
      expect(await tookMs(chain.mpoolPush(signedMessage()))).toBeLessThan(timeoutMs / 2)
      await vi.waitFor(() => expect(node.asked.at(-1)?.method).toBe('Filecoin.MpoolPush'))
    })

    it('leaves a message in doubt that the other refuses', async () => {
      second.play('MpoolPush--nonce-too-low-error')
      const refused = chain.mpoolPush(signedMessage()).catch((error: unknown) => error)
      expect(await tookMs(refused)).toBeLessThan(timeoutMs / 2)
      expect(await refused).toMatchObject({ code: 'NODE_DOWN' })
    })

    it('is waited for when the other is away, too', async () => {
      second.instead = 'hang up'
      node.instead = 'answer'
      node.result('Filecoin.MpoolGetNonce', 9)
      expect(await chain.mpoolNonce(worker)).toBe(9)
    })
  })

  it('a node of another network is not asked', async () => {
    await chain.close()
    node.result('Filecoin.StateNetworkName', 'mainnet')
    node.result('Filecoin.ChainTipSetWeight', '9')
    second.result('Filecoin.ChainTipSetWeight', '8')
    chain = createChainClient({
      nodes: `${node.apiInfo},${second.apiInfo}`,
      networkName: 'localnet-2k',
      timeoutMs: 500,
    })
    await chain.head()
    expect(chain.nodes().map(({ state }) => state)).toEqual(['wrong-network', 'ok'])
    await chain.close()
    chain = createChainClient({ nodes: node.apiInfo, networkName: 'localnet-2k', timeoutMs: 500 })
    await expect(chain.head()).rejects.toMatchObject({ code: 'WRONG_NETWORK' })
  })
})

function head() {
  const [cid] = shapes.tipSet.read((recorded('ChainHead').response as { result: Json }).result, 'head').key
  if (cid === undefined) throw new Error('the recording has no block')
  return cid
}

function signedMessage() {
  return shapes.signedMessage.read((recorded('MpoolPush').request.params as Json[])[0] ?? null, 'signed')
}
