import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  base16,
  base64,
  type Cid,
  keyAddress,
  type Message,
  messageFromJson,
  parseAddress,
} from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { createVerifier, type Verifier } from '@sealane/proofs'
import { produce } from 'immer'
import { beforeAll, describe, expect, it } from 'vitest'
import { createAccount } from './account/create-account.js'
import { dailyFee } from './economics/network-economics.js'
import {
  applyMessage,
  type BlockContext,
  type ChainState,
  cron,
  devnetEconomics,
  genesis,
  query,
} from './index.js'
import { quantizeToDeadline } from './miner/deadline-info.js'
import { enrollDeadlineCron } from './power/cron-queue.js'
import type { ChainTables, MinerTables, PreCommit, SectorInfo } from './state/chain-tables.js'

interface RecordedMessage {
  name: string
  epoch: number
  message: Parameters<typeof messageFromJson>[0]
  receipt: { ExitCode: number }
  returnHex: string
  error: string
}

const vector = (name: string) => new URL(`./vectors/${name}`, import.meta.url)
const messages: RecordedMessage[] = JSON.parse(readFileSync(vector('messages.json'), 'utf8'))
const randomness: { tickets: Record<number, string>; beacons: Record<number, string> } = JSON.parse(
  readFileSync(vector('randomness.json'), 'utf8'),
)

/** What this chain does not do, or does otherwise and says so. */
const notHere = new Set([
  '20-compact-sector-numbers',
  '32-extend-sector-expiration2',
  '32-extend-sector-expiration2-with-claim',
  'fail-32-too-far',
  '09-terminate-sectors',
  '35-prove-replica-updates3-01-1sector-with-pieces',
  '34-prove-commit-sectors3-02-1sector-with-pieces',
  '34-prove-commit-sectors3-07-4sectors-aggregated',
  'market-04-publish-storage-deals-verified',
])
const supported = messages.filter(
  ({ name }) => !notHere.has(name) && !name.startsWith('verifreg') && !name.startsWith('datacap'),
)

const miner = 1000
const minerAddress = parseAddress('f01000')
const owner = parseAddress(
  'f3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
)
const rich = attoFil(10n ** 27n)

describe('the life of a recorded miner, message by message', () => {
  let verifier: Verifier
  let state: ChainState
  let epoch = 0

  beforeAll(async () => {
    const directory = fileURLToPath(vector('vk'))
    verifier = await createVerifier({ keySet: { name: 'recorded', directory, digest: '', trapdoor: false } })
    state = startingState()
  })

  it.each(supported.map((recorded) => [recorded.name, recorded] as const))('%s', async (_name, recorded) => {
    for (; epoch < recorded.epoch; epoch++) {
      // An epoch ends after its messages.
      state = produce(cron(state, { epoch }), (draft) =>
        injectWhatIsNotHere(draft as unknown as ChainTables, epoch + 1),
      )
    }
    const message: Message = messageFromJson(recorded.message)
    state = produce(state, (draft) => prepare(draft as unknown as ChainTables, recorded, message))
    const applied = await applyMessage(state, contextAt(recorded.epoch, verifier), { message })
    state = applied.state

    expect(applied.included).toBe(true)
    const hex = base16.encode(applied.receipt.return)
    const error = applied.error === '' ? '' : comparable(applied.error)
    expect({ exitCode: applied.receipt.exitCode, hex, error }).toEqual({
      exitCode: recorded.receipt.ExitCode,
      hex: recorded.returnHex,
      error: comparable(recorded.error),
    })
  })

  it('leaves the partitions as they were recorded at epoch 3845', () => {
    const partition = (deadline: number) => query.partitions(state, minerAddress, deadline)?.[0]
    expect(partition(0)?.activeSectors).toEqual([0, 1])
    expect(partition(1)).toMatchObject({ allSectors: [2, 3], faultySectors: [], activeSectors: [2, 3] })
    expect(partition(2)).toMatchObject({ allSectors: [4, 5], liveSectors: [4], activeSectors: [4] })
    expect(partition(3)?.activeSectors).toEqual([6, 7])
    expect(partition(4)?.activeSectors).toEqual([8, 9])
    expect(partition(5)).toMatchObject({ allSectors: [10, 11], faultySectors: [11], activeSectors: [10] })
    expect(query.sectorExpiration(state, minerAddress, 2)).toEqual({ onTime: 1550217, early: 0 })
    // Quality-adjusted power differs: nothing is verified here.
    expect(query.minerPower(state, minerAddress).minerPower.rawBytePower).toBe(20480n)
  })
})

/** The serialization library's own wording of a bad byte is not the chain's to keep. */
function comparable(error: string): string {
  return error.replace(/(Serialization error for Cbor protocol: ).*( \(21\)\n)/, '$1…$2')
}

function contextAt(epoch: number, verifier: Verifier): BlockContext {
  const raw = (bytes: Uint8Array | undefined, what: string, at: number) => {
    if (bytes === undefined) throw new Error(`no ${what} recorded for epoch ${at}`)
    return bytes
  }
  return {
    epoch,
    baseFee: attoFil(100n),
    verifier,
    ticket: (at) => raw(decodeOr(base16.decode, randomness.tickets[at]), 'ticket', at),
    beacon: (at) => raw(decodeOr(base64.decode, randomness.beacons[at]), 'beacon', at),
  }
}

function decodeOr(decode: (text: string) => Uint8Array, text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : decode(text.replace(/=+$/, ''))
}

/** Recordings are a selection: what other messages did to the sender is put in place. */
function prepare(draft: ChainTables, { name }: RecordedMessage, message: Message): void {
  const sender = draft.addresses[message.from]
  const account = sender === undefined ? undefined : draft.actors[sender]
  if (account === undefined) throw new Error(`${message.from} does not exist yet`)
  account.nonce = message.nonce
  account.balance = rich
  if (name === 'fail-00-send-value-above-balance') {
    account.balance = attoFil(9999983769299268374n + message.gasFeeCap * BigInt(message.gasLimit))
  }
  if (name === '03-change-worker-key') {
    const address = keyAddress('bls', new Uint8Array(48).fill(1))
    draft.actors[1009] = { kind: 'account', nonce: 0, balance: attoFil(0n), address }
  }
  const dealIds: Record<string, number> = {
    'market-04-publish-storage-deals': 2,
    'market-04-publish-storage-deals-two': 4,
  }
  draft.market.nextDealId = dealIds[name] ?? draft.market.nextDealId
}

function startingState(): ChainState {
  const zero = attoFil(0n)
  const state = genesis({
    networkName: 'recorded',
    networkVersion: 28,
    sectorSizes: [2048n],
    keySetDigest: '',
    faucet: owner,
    faucetBalance: rich,
    genesisTimestamp: 0,
    blockDelaySeconds: 1,
    economics: devnetEconomics,
  })
  return produce(state, (immerDraft) => {
    const draft = immerDraft as unknown as ChainTables
    draft.actors[miner] = { kind: 'miner', nonce: 0, balance: attoFil(10n ** 22n) }
    draft.nextActorId = 1001
    createAccount(draft, parseAddress('f1hq4jkkov3quw6v5k2dlye4ykvj32yedryvqpgmy'))
    const tables: MinerTables = {
      info: {
        owner: 100,
        worker: 100,
        controls: [],
        peerId: new Uint8Array(),
        multiaddrs: [],
        windowPostProofType: 10,
        sectorSize: 2048n,
        partitionSectors: 2,
        beneficiary: 100,
        beneficiaryTerm: { quota: zero, usedQuota: zero, expiration: 0 },
      },
      preCommitDeposits: zero,
      lockedFunds: zero,
      vesting: [],
      feeDebt: zero,
      initialPledge: attoFil(2n),
      preCommits: {},
      preCommitCleanUp: {},
      allocated: [0, 1],
      sectors: {},
      provingPeriodStart: -2222,
      currentDeadline: 37,
      deadlines: Array.from({ length: 48 }, () => ({ partitions: [], posted: [] })),
      deadlineCronActive: true,
    }
    addSector(
      tables,
      0,
      0,
      sectorOf(0, 'bagboea4b5abcbj2htqboixjlhmu4uwzxycwrihmmu4jgslvijt4vd2mhnzm6smto', 0, 3681297),
    )
    addSector(
      tables,
      0,
      0,
      sectorOf(1, 'bagboea4b5abcbevmjvx27qin6dioa7f3rhucakhgat4ihhn2ec5zwx6o365wenjq', 0, 3675537),
    )
    for (const { partitions } of tables.deadlines) for (const partition of partitions) partition.unproven = []
    draft.miners[miner] = tables
    draft.power.claims[miner] = { raw: 4096n, qa: 4096n, windowPostProofType: 10 }
    enrollDeadlineCron(draft, miner, 57)
  })
}

function sectorOf(
  sectorNumber: number,
  sealedCid: string,
  activation: number,
  expiration: number,
): SectorInfo {
  return {
    sectorNumber,
    sealProof: 5,
    sealedCid: sealedCid as Cid,
    activation,
    expiration,
    dealWeight: 0n,
    verifiedDealWeight: 0n,
    initialPledge: attoFil(1n),
    powerBaseEpoch: activation,
    dailyFee: dailyFee(devnetEconomics, 2048n),
  }
}

function addSector(tables: MinerTables, deadline: number, partition: number, sector: SectorInfo): void {
  const number = sector.sectorNumber
  tables.sectors[number] = sector
  const { partitions } = tables.deadlines[deadline] ?? { partitions: [] }
  const found = partitions[partition] ?? {
    sectors: [],
    unproven: [],
    faults: [],
    recoveries: [],
    terminated: [],
    expirations: {},
  }
  found.sectors = [...found.sectors, number]
  found.unproven = [...found.unproven, number]
  const due = quantizeToDeadline(tables.provingPeriodStart, deadline, sector.expiration)
  found.expirations[due] = { onTime: [...(found.expirations[due]?.onTime ?? []), number], early: [] }
  partitions[partition] = found
}

/** What messages that are not recorded, or not supported here, did at an epoch. */
function injectWhatIsNotHere(draft: ChainTables, epoch: number): void {
  const tables = draft.miners[miner]
  if (tables === undefined) return
  if (epoch === 505) {
    // Sector 3 claimed a verified allocation.
    delete tables.preCommits[3]
    addSector(
      tables,
      1,
      0,
      sectorOf(3, 'bagboea4b5abcbfajgyvxzxpg7bl2jyf42pl5c3cow2siji3su63yltvetdcrvcip', 505, 608059),
    )
  }
  if (epoch === 780)
    preCommit(tables, 6, 'bagboea4b5abcatrervf5qmghua6ndaoqtrysue5nxlk4thlllxr2xasmh3ug67k6', epoch, -122)
  if (epoch === 1031) {
    // TerminateSectors of sector 5.
    const partition = tables.deadlines[2]?.partitions[0]
    if (partition !== undefined) {
      partition.terminated = [5]
      for (const set of Object.values(partition.expirations)) {
        if (set !== undefined) set.onTime = set.onTime.filter((number) => number !== 5)
      }
      const claim = draft.power.claims[miner]
      if (claim !== undefined) Object.assign(claim, { raw: claim.raw - 2048n, qa: claim.qa - 2048n })
    }
  }
  if (epoch === 1103) {
    // ProveReplicaUpdates3 of sector 2.
    const sector = tables.sectors[2]
    if (sector !== undefined)
      sector.sealedCid = 'bagboea4b5abcazmgwhzxaiontubbietbvgtjbjgz7uy2h4zynvvdgwvk4wmqb23c' as Cid
  }
  if (epoch === 1257)
    preCommit(tables, 10, 'bagboea4b5abcbmnxhzm5pvynvwmptnowzbb63rodoaksjasnrfifgh4ikn4brotj', 1256, 354)
  if (epoch === 1662) {
    // ProveCommitSectors3 with an aggregate proof of sectors 8 to 11.
    const sealed = {
      8: 'bagboea4b5abcbykujqdc3fsogj2sukbikkaxm3efshffwko4lpcc42c52ddkxbkx',
      9: 'bagboea4b5abcbdwwhkzljad6fnnevyjubbwcw75lj45thosfxy2b6po7a62tqm2w',
      10: 'bagboea4b5abcbmnxhzm5pvynvwmptnowzbb63rodoaksjasnrfifgh4ikn4brotj',
      11: 'bagboea4b5abcakw2rczcy3rcclrh5hc3ou6usyeee5b5tuieortdoib2xvmwbyke',
    }
    for (const [number, cid] of Object.entries(sealed)) {
      addSector(tables, Number(number) < 10 ? 4 : 5, 0, sectorOf(Number(number), cid, epoch, 1550694))
      delete tables.preCommits[Number(number)]
    }
  }
}

function preCommit(
  tables: MinerTables,
  sectorNumber: number,
  cid: string,
  epoch: number,
  sealRandEpoch: number,
): void {
  const info: PreCommit = {
    sealProof: 5,
    sectorNumber,
    sealedCid: cid as Cid,
    sealRandEpoch,
    dealIds: [],
    expiration: 1550218,
    deposit: attoFil(0n),
    epoch,
  }
  tables.preCommits[sectorNumber] = info
  tables.allocated.push(sectorNumber)
}
