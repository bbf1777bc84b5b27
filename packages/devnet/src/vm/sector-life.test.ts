import {
  type Address,
  addBalanceParams,
  addressBytes,
  BitField,
  bitfield,
  type ClientDealProposal,
  type Codec,
  changeWorkerAddressParams,
  createMinerParams,
  createMinerReturn,
  type DealProposal,
  dealIdPayload,
  declareFaultsParams,
  declareFaultsRecoveredParams,
  idAddress,
  keyAddress,
  type Message,
  marketActor,
  minerWithdrawBalanceParams,
  pieceCid,
  powerActor,
  preCommitSectorBatchParams2,
  proposalSigningBytes,
  proveCommitSectors3Params,
  publishStorageDealsParams,
  publishStorageDealsReturn,
  sealedCid,
  settleDealPaymentsReturn,
  submitWindowedPostParams,
} from '@sealane/actors'
import { generateKey, type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { type AttoFil, attoFil, epoch as chainEpoch, type PaddedSize } from '@sealane/fil-units'
import type { Verifier } from '@sealane/proofs'
import { beforeEach, describe, expect, it } from 'vitest'
import { continuedFaultFee, dailyFee } from './economics/network-economics.js'
import {
  type Applied,
  applyMessage,
  type BlockContext,
  type ChainState,
  callMessage,
  cron,
  decodeState,
  devnetEconomics,
  encodeState,
  estimateGasLimit,
  genesis,
  nextCronEpoch,
  owedPosts,
  pendingSeeds,
  policy,
  query,
  unactivatedDeals,
  unprovenOrRecovering,
} from './index.js'
import { epochsInDay } from './policy.js'
import { chainCommitment } from './run/randomness.js'
import { rows } from './state/rows.js'

const fil = (amount: number) => attoFil(BigInt(amount) * 10n ** 18n)
const key = (type: KeyInfo['type'], seed: number) => generateKey(type, new Uint8Array(32).fill(seed))
const addressOf = (info: KeyInfo) => keyAddress(info.type, publicKey(info))

const faucetKey = key('secp256k1', 1)
const ownerKey = key('secp256k1', 2)
const workerKey = key('bls', 3)
const clientKey = key('secp256k1', 4)
const faucet = addressOf(faucetKey)
const owner = addressOf(ownerKey)
const worker = addressOf(workerKey)
const client = addressOf(clientKey)

const good = new Uint8Array(192).fill(7)
const bad = new Uint8Array(192).fill(8)
/** Accepts the good proof and nothing else: real proofs are the recorded life's matter. */
const verifier: Verifier = {
  verifySeal: async ({ proof }) => proof.every((byte, at) => byte === good[at]),
  verifyWindowPost: async ({ proof }) => proof.every((byte, at) => byte === good[at]),
  verifyAggregateSeals: async () => false,
  verifyUpdate: async () => false,
}

const commP = new Uint8Array(32).fill(9)
const supply = fil(1_000_000)

/** A chain of one producer, one message at a time; every step checks that no money came or went. */
class SimulatedChain {
  state: ChainState = genesis({
    networkName: 'simulated',
    networkVersion: 28,
    sectorSizes: [2048n],
    keySetDigest: '',
    faucet,
    faucetBalance: supply,
    genesisTimestamp: 0,
    blockDelaySeconds: 1,
    economics: devnetEconomics,
  })
  epoch = 1

  get context(): BlockContext {
    const raw = (kind: number) => (at: number) => Uint8Array.of(kind, at & 255, (at >> 8) & 255)
    return { epoch: this.epoch, baseFee: attoFil(100n), verifier, ticket: raw(1), beacon: raw(2) }
  }

  /** One message in the next epoch. */
  async send(
    from: Address,
    to: Address,
    method = 0,
    params: Uint8Array = new Uint8Array(),
    value = attoFil(0n),
  ): Promise<Applied> {
    this.advanceTo(this.epoch + 1)
    const message: Message = {
      version: 0,
      from,
      to,
      method,
      params,
      value,
      nonce: query.actor(this.state, from)?.nonce ?? 0,
      gasLimit: 1_000_000_000,
      gasFeeCap: attoFil(200n),
      gasPremium: attoFil(100n),
    }
    const applied = await applyMessage(this.state, this.context, { message })
    expect(applied.included).toBe(true)
    this.state = applied.state
    this.check()
    return applied
  }

  /** The same with parameters to encode. */
  call<T>(
    from: Address,
    to: Address,
    method: number,
    codec: Codec<T>,
    params: T,
    value?: AttoFil,
  ): Promise<Applied> {
    return this.send(from, to, method, codec.encode(params), value)
  }

  /** Lets epochs pass; messages of the one arrived at come next. */
  advanceTo(epoch: number): void {
    for (; this.epoch < epoch; this.epoch++) {
      const due = nextCronEpoch(this.state) ?? epoch
      this.epoch = Math.max(this.epoch, Math.min(due, epoch - 1))
      this.state = cron(this.state, { epoch: this.epoch })
    }
    this.check()
  }

  check(): void {
    const balances = rows(this.state.actors).map(([, actor]) => actor.balance)
    expect(balances.every((balance) => balance >= 0n)).toBe(true)
    expect(balances.reduce((sum: bigint, balance) => sum + balance, 0n)).toBe(supply)
    const escrow = rows(this.state.market.escrow).reduce((sum: bigint, [, amount]) => sum + amount, 0n)
    expect(this.balance(marketActor)).toBe(escrow)
  }

  balance(address: Address): bigint {
    return query.actor(this.state, address)?.balance ?? 0n
  }
}

let chain: SimulatedChain
let miner: Address

const burnt = () => chain.balance(idAddress(99))
const sealed = (seed: number) => sealedCid(new Uint8Array(32).fill(seed))
const preCommit = (sectorNumber: number, data = false) => ({
  sealProof: 5,
  sectorNumber,
  sealedCid: sealed(sectorNumber + 1),
  sealRandEpoch: chainEpoch(chain.epoch - 900),
  dealIds: [],
  expiration: chainEpoch(chain.epoch + 300 * 2880),
  unsealedCid: data ? pieceCid(commP) : null,
})
const deposit = () => query.preCommitDeposit(chain.state, 5) ?? attoFil(0n)

async function createMiner(value = fil(1)): Promise<Applied> {
  return chain.call(
    owner,
    powerActor,
    2,
    createMinerParams,
    { owner, worker, windowPostProofType: 10, peer: new Uint8Array([1]), multiaddrs: [] },
    value,
  )
}

async function preCommitted(...sectors: ReturnType<typeof preCommit>[]): Promise<Applied> {
  const value = attoFil(deposit() * BigInt(sectors.length))
  return chain.call(worker, miner, 28, preCommitSectorBatchParams2, { sectors }, value)
}

function proveParams(sectorNumber: number, { proof = good, dealId = -1, require = true } = {}) {
  const piece = {
    cid: pieceCid(commP),
    size: 2048n as PaddedSize,
    verifiedAllocationKey: null,
    notify: [{ address: marketActor, payload: dealIdPayload(Math.max(dealId, 0)) }],
  }
  return {
    sectorActivations: [{ sectorNumber, pieces: dealId >= 0 ? [piece] : [] }],
    sectorProofs: [proof],
    aggregateProof: new Uint8Array(),
    aggregateProofType: null,
    requireActivationSuccess: require,
    requireNotificationSuccess: require,
  }
}

async function proven(sectorNumber: number, options?: Parameters<typeof proveParams>[1]): Promise<Applied> {
  const params = proveParams(sectorNumber, options)
  return chain.call(worker, miner, 34, proveCommitSectors3Params, params, fil(1))
}

/** A sector precommitted and proven, waiting for its first PoSt. */
async function newSector(sectorNumber: number, dealId = -1): Promise<void> {
  expect((await preCommitted(preCommit(sectorNumber, dealId >= 0))).error).toBe('')
  chain.advanceTo(chain.epoch + policy.preCommitChallengeDelay)
  expect((await proven(sectorNumber, { dealId })).error).toBe('')
}

/** Goes to the next window of a sector's deadline. */
function toDeadlineOf(sectorNumber: number): { deadline: number; open: number; close: number } {
  const place = query.sectorPartition(chain.state, miner, sectorNumber)
  const window = query.nextDeadlineOpen(chain.state, miner, place?.deadline ?? 0, chain.epoch)
  if (place === undefined || window === undefined) throw new Error(`sector ${sectorNumber} has no deadline`)
  const next = chain.epoch < window.open ? window.open : window.open + policy.provingPeriod
  chain.advanceTo(next)
  return { deadline: place.deadline, open: next, close: next + policy.challengeWindow }
}

function postParams(deadline: number, open: number, { proof = good, skipped = [] as number[] } = {}) {
  const at = open - 1
  const runtime = { context: chain.context } as Parameters<typeof chainCommitment>[0]
  return {
    deadline,
    partitions: [{ index: 0, skipped: BitField.of(skipped) }],
    proofs: [{ postProof: 10, proofBytes: proof }],
    chainCommitEpoch: chainEpoch(at),
    chainCommitRand: chainCommitment(runtime, at),
  }
}

async function posted(sectorNumber: number, options?: Parameters<typeof postParams>[2]): Promise<Applied> {
  const { deadline, open } = toDeadlineOf(sectorNumber)
  return chain.call(worker, miner, 5, submitWindowedPostParams, postParams(deadline, open, options))
}

const rawPower = () => query.minerPower(chain.state, miner).minerPower.rawBytePower

async function publishedDeal(change: Partial<DealProposal> = {}, signer = clientKey): Promise<Applied> {
  const proposal: DealProposal = {
    pieceCid: pieceCid(commP),
    pieceSize: 2048n as PaddedSize,
    verifiedDeal: false,
    client,
    provider: miner,
    label: 'a deal',
    startEpoch: chainEpoch(chain.epoch + 2880),
    endEpoch: chainEpoch(chain.epoch + 200 * 2880),
    storagePricePerEpoch: attoFil(1000n),
    providerCollateral: query.collateralBounds(chain.state, 2048n).min,
    clientCollateral: attoFil(5n),
    ...change,
  }
  const deal: ClientDealProposal = { proposal, clientSignature: sign(signer, proposalSigningBytes(proposal)) }
  return chain.call(worker, marketActor, 4, publishStorageDealsParams, { deals: [deal] })
}

beforeEach(async () => {
  chain = new SimulatedChain()
  for (const account of [owner, worker, client]) await chain.send(faucet, account, 0, undefined, fil(1000))
  const created = await createMiner()
  miner = createMinerReturn.decode(created.receipt.return).idAddress
})

describe('accounts', () => {
  it('come with the first receive, numbered from f01000', () => {
    expect([owner, worker, client].map((address) => query.lookupId(chain.state, address))).toEqual(
      [1000, 1001, 1002].map(idAddress),
    )
    expect(query.accountKey(chain.state, idAddress(1001))).toBe(worker)
  })

  it('pay for a failed message and use its nonce, and for nothing that no block may hold', async () => {
    const before = chain.balance(client)
    const failed = await chain.send(client, owner, 0, undefined, supply)
    expect(failed.receipt.exitCode).toBe(6)
    expect(before - chain.balance(client)).toBe(failed.gasCost.totalCost)
    expect(query.actor(chain.state, client)?.nonce).toBe(1)

    const message: Message = { ...stale(), nonce: 0 }
    const refused = await applyMessage(chain.state, chain.context, { message })
    expect(refused).toMatchObject({ included: false, receipt: { exitCode: 2 }, state: chain.state })
    const unknown = await applyMessage(chain.state, chain.context, {
      message: { ...stale(), from: addressOf(key('bls', 77)) },
    })
    expect(unknown).toMatchObject({ included: false, receipt: { exitCode: 1 } })
  })

  const stale = (): Message => ({
    version: 0,
    from: client,
    to: owner,
    nonce: 1,
    value: attoFil(1n),
    gasLimit: 10_000_000,
    gasFeeCap: attoFil(100n),
    gasPremium: attoFil(0n),
    method: 0,
    params: new Uint8Array(),
  })
})

describe('a simulated call', () => {
  it('needs no nonce and no fee, changes nothing, and tells its gas', async () => {
    const params = preCommitSectorBatchParams2.encode({ sectors: [preCommit(1)] })
    const message: Message = {
      version: 0,
      from: query.lookupId(chain.state, worker) ?? worker,
      to: miner,
      nonce: 99,
      value: deposit(),
      gasLimit: 0,
      gasFeeCap: attoFil(0n),
      gasPremium: attoFil(0n),
      method: 28,
      params,
    }
    const called = await callMessage(chain.state, chain.context, message)
    expect(called).toMatchObject({ error: '', receipt: { exitCode: 0, gasUsed: 13_397_021 } })
    expect(query.preCommitInfo(chain.state, miner, 1)).toBeUndefined()

    const { gasUsed } = await estimateGasLimit(chain.state, chain.context, message)
    const landed = await preCommitted(preCommit(1))
    expect(Math.abs(landed.receipt.gasUsed - gasUsed)).toBeLessThan(100_000)

    const refused = await callMessage(chain.state, chain.context, { ...message, from: client })
    expect(refused.error).toBe(
      'message failed with backtrace:\n00: f01003 (method 28) -- caller f01002 is not one of supported (18)\n (RetCode=18)',
    )
  })
})

describe('a new miner', () => {
  it('locks its creation deposit, and owes no PoSt', () => {
    expect(query.creationDeposit(chain.state, chain.epoch)).toBe(5937181320n)
    expect(query.availableBalance(chain.state, miner, chain.epoch)).toBe(fil(1) - 5937181320n)
    expect(nextCronEpoch(chain.state)).toBeUndefined()
  })

  it('is refused without the deposit, or with a worker that cannot sign blocks', async () => {
    const poor = await createMiner(attoFil(5937181319n))
    expect(poor.receipt.exitCode).toBe(19)
    expect(poor.error).toContain('sent balance 5937181319 < deposit 5937181320')
    const change = { newWorker: client, newControlAddrs: [] }
    const secp = await chain.call(owner, miner, 3, changeWorkerAddressParams, change)
    expect(secp.receipt.exitCode).toBe(16)
    expect(secp.error).toContain('must have BLS pubkey, was Secp256k1')
  })

  it('lets its owner, and nobody else, withdraw what is not locked', async () => {
    const params = { amountRequested: fil(5) }
    const stranger = await chain.call(client, miner, 16, minerWithdrawBalanceParams, params)
    expect(stranger.receipt.exitCode).toBe(18)
    const own = await chain.call(owner, miner, 16, minerWithdrawBalanceParams, params)
    expect(own.receipt.exitCode).toBe(0)
    expect(chain.balance(miner)).toBe(5937181320n)
  })
})

describe('a sector', () => {
  it('needs its deposit, its challenge delay and a valid proof, and then waits for its deadline', async () => {
    await chain.call(owner, miner, 16, minerWithdrawBalanceParams, { amountRequested: fil(5) })
    const poor = await chain.call(worker, miner, 28, preCommitSectorBatchParams2, { sectors: [preCommit(1)] })
    expect(poor.receipt.exitCode).toBe(19)
    expect((await preCommitted(preCommit(1))).receipt.exitCode).toBe(0)
    expect(pendingSeeds(chain.state)).toMatchObject([{ sectorNumber: 1, seedEpoch: chain.epoch + 10 }])
    expect((await preCommitted(preCommit(1))).error).toContain('already allocated')

    const early = await proven(1)
    expect([early.receipt.exitCode, early.error.includes('too early to prove sector')]).toEqual([18, true])
    chain.advanceTo(chain.epoch + 10)
    expect((await proven(1, { proof: bad })).error).toContain('invalid proof for sector 1')
    expect((await proven(1, { proof: bad, require: false })).error).toContain('no valid proofs specified')
    expect((await proven(1)).receipt.exitCode).toBe(0)
    expect(rawPower()).toBe(0n)
    expect(unprovenOrRecovering(chain.state)).toMatchObject([{ sectorNumber: 1, why: 'unproven' }])
  })

  it('loses its deposit when it is never proven', async () => {
    await preCommitted(preCommit(1))
    const before = burnt()
    chain.advanceTo(chain.epoch + policy.maxProveCommitDuration + policy.expiredPreCommitCleanUpDelay + 121)
    expect(query.preCommitInfo(chain.state, miner, 1)).toBeUndefined()
    expect(burnt() - before).toBe(970447225186n)
    const late = await proven(1)
    expect([late.receipt.exitCode, late.error.includes('sector 1 not found')]).toEqual([17, true])
  })

  it('gains power with its first PoSt, loses it with a missed one, and regains it when declared in time', async () => {
    await newSector(1)
    expect((await posted(1)).error).toBe('')
    expect(rawPower()).toBe(2048n)
    expect(owedPosts(chain.state, chain.epoch)).toEqual([])

    const missed = toDeadlineOf(1)
    expect(owedPosts(chain.state, chain.epoch)).toMatchObject([
      { miner, close: missed.close, partitions: [0] },
    ])
    chain.advanceTo(missed.close)
    expect(rawPower()).toBe(0n)
    expect(query.faults(chain.state, miner)).toEqual([1])

    const declaration = { deadline: missed.deadline, partition: 0, sectors: BitField.of([1]) }
    const recoveries = { recoveries: [declaration] }
    chain.advanceTo(missed.open + policy.provingPeriod - policy.faultDeclarationCutoff - 1)
    const late = await chain.call(worker, miner, 11, declareFaultsRecoveredParams, recoveries)
    expect(late.error).toContain('late fault or recovery declaration')
    expect(owedPosts(chain.state, missed.open + policy.provingPeriod)).toEqual([])

    chain.advanceTo(missed.close + policy.provingPeriod)
    const declared = await chain.call(worker, miner, 11, declareFaultsRecoveredParams, recoveries)
    expect(declared.error).toBe('')
    expect(unprovenOrRecovering(chain.state)).toMatchObject([{ sectorNumber: 1, why: 'recovering' }])
    expect((await posted(1)).error).toBe('')
    expect(rawPower()).toBe(2048n)
  })

  it('is refused with an invalid PoSt, out of its window, or twice', async () => {
    await newSector(1)
    const { deadline, open, close } = toDeadlineOf(1)
    const submit = (proof = good) =>
      chain.call(worker, miner, 5, submitWindowedPostParams, postParams(deadline, open, { proof }))
    const invalid = await submit(bad)
    expect([invalid.receipt.exitCode, invalid.error.includes('invalid post was submitted')]).toEqual([
      16,
      true,
    ])
    expect((await submit()).error).toBe('')
    expect((await submit()).error).toContain('partition already proven')
    chain.advanceTo(close)
    expect((await submit()).error).toContain(`invalid deadline ${deadline}`)
  })

  it('that is skipped pays, while its partition goes on', async () => {
    await newSector(1)
    await newSector(2)
    expect((await posted(2, { skipped: [2] })).error).toBe('')
    expect(query.faults(chain.state, miner)).toEqual([2])
    expect(rawPower()).toBe(2048n)
    const before = burnt()
    chain.advanceTo(chain.epoch + policy.challengeWindow)
    const fee = dailyFee(devnetEconomics, 2048n)
    expect(burnt() - before).toBe(continuedFaultFee(devnetEconomics, 2048n) + 2n * fee)
    expect((await posted(1, { skipped: [1] })).error).toContain(
      'cannot prove partitions with no active sectors',
    )
  })

  it('declared faulty loses power at once', async () => {
    await newSector(1)
    await posted(1)
    const place = query.sectorPartition(chain.state, miner, 1)
    const faults = [{ deadline: place?.deadline ?? 0, partition: 0, sectors: BitField.of([1]) }]
    chain.advanceTo(chain.epoch + 100)
    expect((await chain.call(worker, miner, 10, declareFaultsParams, { faults })).error).toBe('')
    expect(rawPower()).toBe(0n)
  })

  it('faulty for 42 days is terminated, its pledge freed for the fee', async () => {
    await newSector(1)
    await posted(1)
    chain.advanceTo(chain.epoch + 44 * epochsInDay)
    const place = query.sectorPartition(chain.state, miner, 1)
    expect(query.partitions(chain.state, miner, place?.deadline ?? 0)).toMatchObject([
      { allSectors: [1], liveSectors: [], faultySectors: [] },
    ])
    expect(chain.state.power.totalPledge).toBeLessThan(5937181320n)
  })

  it('leaves on time with its pledge', async () => {
    await newSector(1)
    const pledge = query.sectorInfo(chain.state, miner, 1)?.initialPledge
    expect(pledge).toBe(59604643840n)
    for (const _period of Array.from({ length: 302 })) {
      if ((query.sectorCount(chain.state, miner)?.live ?? 0) === 0) break
      await posted(1)
    }
    expect(query.sectorCount(chain.state, miner)).toEqual({ live: 0, active: 0, faulty: 0 })
    expect(chain.state.miners[1003]?.initialPledge).toBe(0n)
    expect(rawPower()).toBe(0n)
  })
})

describe('a deal', () => {
  beforeEach(async () => {
    await chain.send(client, marketActor, 2, addBalanceParams.encode(client), fil(1))
    await chain.send(worker, marketActor, 2, addBalanceParams.encode(miner), fil(1))
  })

  it('locks both sides, and is activated by the sector that holds its piece', async () => {
    const { ids } = publishStorageDealsReturn.decode((await publishedDeal()).receipt.return)
    expect(ids).toEqual([0])
    expect(unactivatedDeals(chain.state, chain.epoch)).toMatchObject([{ dealId: 0, provider: miner }])
    expect(query.marketBalance(chain.state, client)?.locked).toBe(1000n * BigInt(200 * 2880 - 2880) + 5n)

    await newSector(1, 0)
    expect(query.marketDeal(chain.state, 0)?.state).toMatchObject({
      sectorNumber: 1,
      sectorStartEpoch: chain.epoch,
    })
    expect(unactivatedDeals(chain.state, chain.epoch)).toEqual([])
  })

  it('is refused unsigned, too short, unpaid, published twice, or by a stranger', async () => {
    const cases = [
      await publishedDeal({}, ownerKey),
      await publishedDeal({ endEpoch: chainEpoch(chain.epoch + 100 * 2880) }),
      await publishedDeal({ startEpoch: chainEpoch(chain.epoch) }),
      await publishedDeal({ storagePricePerEpoch: fil(1) }),
      await publishedDeal({ providerCollateral: attoFil(1n) }),
      await publishedDeal({ verifiedDeal: true }),
    ]
    for (const { receipt, error } of cases) {
      expect([receipt.exitCode, error.includes('All deal proposals invalid')]).toEqual([16, true])
    }
    const term = { startEpoch: chainEpoch(9000), endEpoch: chainEpoch(600_000) }
    expect((await publishedDeal(term)).receipt.exitCode).toBe(0)
    expect((await publishedDeal(term)).receipt.exitCode).toBe(16)
  })

  it('does not fit a sector of other data', async () => {
    await publishedDeal()
    await preCommitted(preCommit(1))
    chain.advanceTo(chain.epoch + 10)
    expect((await proven(1, { dealId: 0 })).error).toContain(
      'unsealed CID does not match pieces for sector 1',
    )
  })

  it('fails the sector that names a deal which cannot be activated, if success is required', async () => {
    await preCommitted(preCommit(1, true))
    chain.advanceTo(chain.epoch + 10)
    expect((await proven(1, { dealId: 4 })).receipt.exitCode).toBe(1004)
    expect((await proven(1, { dealId: 4, require: false })).receipt.exitCode).toBe(0)
  })

  it('not activated in time costs the provider its collateral and the client nothing', async () => {
    await publishedDeal()
    const collateral = query.marketDeal(chain.state, 0)?.proposal.providerCollateral
    chain.advanceTo(chain.epoch + 2900)
    const before = burnt()
    const settled = await chain.call(worker, marketActor, 1900091594, bitfield, BitField.of([0]))
    expect(settleDealPaymentsReturn.decode(settled.receipt.return).results.failCodes).toEqual([
      { idx: 0, code: 32 },
    ])
    const gas = settled.gasCost.baseFeeBurn + settled.gasCost.overEstimationBurn
    expect(burnt() - before).toBe((collateral ?? 0n) + gas)
    expect(query.marketBalance(chain.state, client)).toEqual({ escrow: fil(1), locked: 0n })
  })

  it('pays the provider as it is settled, and is slashed when its sector is terminated', async () => {
    await publishedDeal()
    await newSector(1, 0)
    await posted(1)
    const start = query.marketDeal(chain.state, 0)?.proposal.startEpoch ?? 0
    chain.advanceTo(start + 1000)
    const settled = await chain.call(worker, marketActor, 1900091594, bitfield, BitField.of([0]))
    expect(settleDealPaymentsReturn.decode(settled.receipt.return).settlements).toEqual([
      { payment: 1000n * BigInt(chain.epoch - start), completed: false },
    ])
    chain.advanceTo(chain.epoch + 45 * epochsInDay)
    expect(query.marketDeal(chain.state, 0)).toBeUndefined()
    expect(query.marketBalance(chain.state, client)?.locked).toBe(0n)
    expect(query.marketBalance(chain.state, miner)?.locked).toBe(0n)
  })
})

describe('the state', () => {
  it('reads back from its text as it was', async () => {
    await newSector(1)
    await posted(1)
    expect(decodeState(encodeState(chain.state))).toEqual(chain.state)
    expect(addressBytes(miner).length).toBe(3)
  })

  it('stays the same object through an epoch in which nothing happens', async () => {
    await newSector(1)
    const quiet = cron(chain.state, { epoch: chain.epoch })
    const next = nextCronEpoch(quiet)
    expect(next).toBeGreaterThan(chain.epoch)
    expect(cron(quiet, { epoch: (next ?? 0) - 1 })).toBe(quiet)
    expect(cron(quiet, { epoch: next ?? 0 })).not.toBe(quiet)
  })
})
