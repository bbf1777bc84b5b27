import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import {
  type Address,
  addBalanceParams,
  clientDealProposal,
  type DealProposal,
  keyAddress,
  type Message,
  marketActor,
  marketMethods,
  pieceCid,
  proposalSigningBytes,
  signingBytes,
} from '@sealane/actors'
import { generateKey, type KeyInfo, publicKey, sign } from '@sealane/crypto'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import { CommPHasher } from '@sealane/pieces'
import type { minerV1 } from '@sealane/proto'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ChainWatch } from './chain-watch/chain-watch.js'
import { MinerDb } from './database.js'
import { EventStore, type Fact } from './events/event-store.js'
import { MinerService } from './grpc/miner-service.js'
import { MinerInit } from './init/miner-init.js'
import { MinerActor } from './network/miner-actor.js'
import { PublicationStore } from './publish/publication-store.js'
import { Publications } from './publish/publications.js'
import { type DevnetProcess, startDevnet } from './testing/devnet-process.js'
import { startRooms } from './testing/miner-context.js'
import { sealer } from './testing/seal-sector.js'
import { Keystore } from './wallet/keystore.js'

const FIL = 10n ** 18n
const SECTOR_SIZE = 2048n
const MINUTES = 60_000

type Rooms = Awaited<ReturnType<typeof startRooms>>
type FactOf<Case extends Fact['$case']> = Extract<Fact, { $case: Case }>['value']

describe('a deal and a sector on the devnet, as the sealer asks for them', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const client: KeyInfo = generateKey('secp256k1', new Uint8Array(32).fill(7))
  const clientAddress = keyAddress('secp256k1', publicKey(client))
  let devnet: DevnetProcess
  let rooms: Rooms
  let service: minerV1.MinerServiceImplementation

  beforeAll(async () => {
    devnet = await startDevnet(join(directory, 'devnet'))
    await start()
  }, 2 * MINUTES)
  afterAll(async () => {
    await rooms?.stop()
    await devnet?.stop()
  })

  async function start(...flags: string[]) {
    rooms = await startRooms(directory, devnet.nodes, flags)
    service = rooms.context.get(MinerService).implementation()
    await until(
      'the head is heard',
      async () => rooms.context.get(ChainWatch).head?.height,
      (height) => height !== undefined,
    )
  }
  const call = {} as never
  const at = { deadlineMs: 2 * MINUTES }
  /** The fact of that kind which `wanted` picks, once it is in the stream. */
  async function told<Case extends Fact['$case']>(
    kind: Case,
    wanted: (value: FactOf<Case>) => boolean = () => true,
  ): Promise<FactOf<Case>> {
    const look = async () => {
      const facts = (await rooms.context.get(EventStore).after(0)).flatMap(({ fact }) =>
        fact === undefined ? [] : [fact],
      )
      const messages = await rooms.context
        .get(MinerDb)
        .selectFrom('messages')
        .select(['class', 'state', 'why', 'exit_code'])
        .execute()
      const found = facts
        .map((fact) => (fact.$case === kind ? (fact.value as FactOf<Case>) : undefined))
        .find((value) => value !== undefined && wanted(value))
      return {
        found,
        kinds: facts.map(({ $case }) => $case),
        messages,
        head: rooms.context.get(ChainWatch).head?.height,
      }
    }
    const { found } = await until(`told ${kind}`, look, (state) => state.found !== undefined, at)
    if (found === undefined) throw new Error(`${kind} was not told`)
    return found
  }
  /** A message of the client's own, straight to the node. */
  async function clientSends(o: { to: Address; value: bigint; method: number; params: Uint8Array }) {
    const planned: Message = {
      version: 0,
      from: clientAddress,
      nonce: 0,
      gasLimit: 0,
      gasFeeCap: attoFil(0n),
      gasPremium: attoFil(0n),
      ...o,
      value: attoFil(o.value),
    }
    const nonce = await devnet.chain.mpoolNonce(clientAddress)
    const message = { ...(await devnet.chain.estimateGas(planned)), nonce }
    await devnet.chain.mpoolPush({ message, signature: sign(client, signingBytes(message)) })
  }

  it('waits for its keys to be funded, says for which, then creates the miner once with its control address', async () => {
    const init = rooms.context.get(MinerInit)
    const wish = {
      sectorSize: SECTOR_SIZE,
      peerId: '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
      multiaddrs: ['/ip4/127.0.0.1/tcp/1'],
    }
    await init.init(wish)
    const keys = rooms.context.get(Keystore)
    const owner = keys.named('owner')?.address ?? ''
    const waiting = await until(
      'init says what it waits for',
      () => init.state(),
      (state) => state.waiting !== null,
      at,
    )
    expect(waiting.waiting?.for).toBe(`owner t${owner.slice(1)} to be funded and appear on chain`)
    for (const name of ['owner', 'worker', 'control-post'])
      await devnet.fundTo(keys.named(name)?.address ?? '', 20n * FIL)
    await devnet.fundTo(clientAddress, 10n * FIL)

    // A restart in the middle: the same request ids, the same one miner.
    await until(
      'CreateMiner is signed',
      () => init.state(),
      (state) => state.createMessageCid !== null,
      at,
    )
    await rooms.stop()
    await start()
    const again = rooms.context.get(MinerInit)
    await again.init(wish)
    const done = await until(
      'init is done',
      () => again.init(wish),
      (state) => state.state === 'done',
      at,
    )
    expect(await devnet.chain.listMiners()).toEqual([done.miner])
    const info = await devnet.chain.minerInfo(done.miner as Address)
    expect(info.peerId).toBe(wish.peerId)
    expect(info.controlAddresses).toHaveLength(1)
    const rows = await rooms.context.get(MinerDb).selectFrom('messages').select('request_id').execute()
    expect(rows.map((row) => row.request_id).sort()).toEqual(['init-control-address', 'init-create-miner'])
  })

  let dealId = 0
  let proposal: DealProposal
  const data = new Uint8Array(2032).map((_, i) => (i * 31) % 251)

  it('publishes a deal after topping up escrow, and tells its id at ten epochs', async () => {
    const { address: provider } = await rooms.context.get(MinerActor).require()
    await clientSends({
      to: marketActor,
      value: FIL,
      method: marketMethods.AddBalance,
      params: addBalanceParams.encode(clientAddress),
    })
    await until(
      'the client has escrow',
      () => devnet.chain.marketBalance(clientAddress),
      ({ escrow }) => escrow > 0n,
      at,
    )
    const hasher = new CommPHasher()
    hasher.write(data)
    const { commP } = hasher.digest()
    const head = await devnet.chain.head()
    const { min } = await devnet.chain.collateralBounds(paddedSize(SECTOR_SIZE), false)
    const startEpoch = epoch(head.height + 5_760)
    proposal = {
      pieceCid: pieceCid(commP),
      pieceSize: paddedSize(SECTOR_SIZE),
      verifiedDeal: false,
      client: clientAddress,
      provider,
      label: 'main line',
      startEpoch,
      endEpoch: epoch(startEpoch + 518_400),
      storagePricePerEpoch: attoFil(1_000n),
      providerCollateral: attoFil((min * 12n) / 10n),
      clientCollateral: attoFil(0n),
    }
    const signedProposal = clientDealProposal.encode({
      proposal,
      clientSignature: sign(client, proposalSigningBytes(proposal)),
    })
    const requestId = randomUUID()
    const answer = await service.publishDeal({ requestId, signedProposal }, call)
    expect(answer.refusal).toBeUndefined()
    expect(await service.publishDeal({ requestId, signedProposal }, call)).toEqual(answer)
    const published = await told(
      'publication',
      (value) => value.requestId === requestId && value.state === 'Published',
    )
    dealId = published.dealId
    const onChain = await devnet.chain.marketDeal(dealId)
    expect(onChain?.proposal.pieceCid).toBe(proposal.pieceCid)
    const rows = await rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .select(['class', 'state'])
      .where('class', 'in', ['publish', 'marketAdd'])
      .execute()
    expect(rows.filter((row) => row.class === 'publish')).toEqual([{ class: 'publish', state: 'Confirmed' }])
    expect(rows.filter((row) => row.class === 'marketAdd')).toHaveLength(1)
  })

  it('refuses a proposal signed by another key, and one for another provider', async () => {
    const stranger = generateKey('secp256k1', new Uint8Array(32).fill(9))
    const forged = clientDealProposal.encode({
      proposal: { ...proposal, label: 'forged' },
      clientSignature: sign(stranger, proposalSigningBytes({ ...proposal, label: 'forged' })),
    })
    const refused = await service.publishDeal({ requestId: randomUUID(), signedProposal: forged }, call)
    expect(refused.refusal).toMatchObject({
      code: 'PROPOSAL_REFUSED',
      remedy: 'drop',
      text: `the signature is not that of client ${clientAddress}`,
    })
    const astray = { ...proposal, provider: 'f099' as Address }
    const other = await service.publishDeal(
      {
        requestId: randomUUID(),
        signedProposal: clientDealProposal.encode({
          proposal: astray,
          clientSignature: sign(client, proposalSigningBytes(astray)),
        }),
      },
      call,
    )
    expect(other.refusal?.text).toMatch(/is for provider f099/)
  })

  async function propose(change: Partial<DealProposal>): Promise<string> {
    const other = { ...proposal, ...change }
    const clientSignature = sign(client, proposalSigningBytes(other))
    const requestId = randomUUID()
    const signedProposal = clientDealProposal.encode({ proposal: other, clientSignature })
    expect((await service.publishDeal({ requestId, signedProposal }, call)).refusal).toBeUndefined()
    return requestId
  }

  it('lets no deal wait for its batch once the operator says so, over a restart too', async () => {
    await rooms.stop()
    await start('--publish-period', '1h')
    const requestId = await propose({ label: 'now' })
    const row = async () => await rooms.context.get(PublicationStore).find(requestId)
    const { height = 0 } = rooms.context.get(ChainWatch).head ?? {}
    await until(
      'two more heads',
      async () => rooms.context.get(ChainWatch).head?.height ?? 0,
      (head) => head >= height + 2,
    )
    expect(await row()).toMatchObject({ state: 'Queued', message_uuid: null })
    await rooms.context.get(Publications).publishNow()
    await rooms.stop()
    await start('--publish-period', '1h')
    await told('publication', (value) => value.requestId === requestId && value.state === 'Published')
    await rooms.stop()
    await start()
  })

  it('publishes a good deal beside one whose client cannot pay, and says of that one what is missing', async () => {
    const dear = await propose({ label: 'dear', storagePricePerEpoch: attoFil(FIL) })
    const good = await propose({ label: 'good' })
    await told('publication', (value) => value.requestId === good && value.state === 'Published')
    const waits = await told(
      'publication',
      (value) => value.requestId === dear && value.why.includes('free in market escrow'),
    )
    expect(waits).toMatchObject({ state: 'Queued' })
    expect(waits.why).toMatch(/free in market escrow, the deal needs 518400 FIL/)
  })

  it('walks a sector from ticket to active deal: PreCommit, seed, a proof verified here, ProveCommit', async () => {
    const miner = await rooms.context.get(MinerActor).require()
    const [numbers, repeat] = [
      await service.allocateSectorNumbers({ requestId: 'n1', count: 1, highestKnown: 0 }, call),
      await service.allocateSectorNumbers({ requestId: 'n1', count: 1, highestKnown: 0 }, call),
    ]
    expect(repeat).toEqual(numbers)
    const sectorNumber = Number(numbers.sectorNumbers?.[0])
    const ticket = await service.drawTicket({ sectorNumber }, call)
    const ticketBytes = ticket.ticket as Uint8Array
    const work = sealer(join(directory, 'sector'), {
      minerId: miner.id,
      sectorNumber,
      sectorSize: SECTOR_SIZE,
    })
    const sealed = await work.preCommit(data, ticketBytes)
    const pieces = [
      {
        pieceCid: proposal.pieceCid,
        paddedSize: Number(SECTOR_SIZE),
        dealId,
        hasDeal: true,
        startEpoch: proposal.startEpoch,
        endEpoch: proposal.endEpoch,
      },
    ]
    const envelope = (step: string, turn: number) => ({
      requestId: `s${sectorNumber}-${step}-${turn}`,
      sectorNumber,
      step,
      turn,
      coordinatorEpoch: 1,
    })
    const preCommit = {
      envelope: envelope('preCommit', 5),
      commR: sealed.commR,
      commD: sealed.commD,
      committedCapacity: false,
      ticketEpoch: Number(ticket.epoch),
      ticket: ticketBytes,
      pieces,
      prover: 'trapdoor',
    }
    const first = await service.submitPreCommit(preCommit, call)
    expect(first.refusal).toBeUndefined()
    expect(await service.submitPreCommit(preCommit, call)).toEqual(first)
    const older = await service.submitPreCommit({ ...preCommit, envelope: envelope('preCommit', 4) }, call)
    expect(older.recorded).toEqual({ turn: 5, requestId: `s${sectorNumber}-preCommit-5` })

    const landed = await told('preCommitLanded')
    expect(landed.seedEpoch).toBe(landed.preCommitEpoch + 10)
    const ready = await told('seedReady')
    const proof = await work.prove({ ticket: ticketBytes, seed: ready.seed, sealed })
    const prove = {
      envelope: envelope('proveCommit', 9),
      proof,
      commR: sealed.commR,
      commD: sealed.commD,
      ticket: ticketBytes,
      seed: ready.seed,
      seedEpoch: ready.seedEpoch,
      pieces,
      prover: 'trapdoor',
    }
    const corrupted = proof.slice()
    corrupted[100] = (corrupted[100] ?? 0) ^ 1
    const kept = await service.submitProveCommit({ ...prove, proof: corrupted }, call)
    expect(kept.refusal?.code).toBe('PROOF_INVALID')
    const sent = await rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .select('uuid')
      .where('class', '=', 'proveCommit')
      .execute()
    expect(sent, 'a corrupted proof never leaves').toEqual([])

    const answer = await service.submitProveCommit(prove, call)
    expect(answer.refusal).toBeUndefined()
    const proven = await told('proveCommitLanded')
    expect(proven).toMatchObject({ sectorNumber, activeDeals: [dealId], inactiveDeals: [] })
    const sector = await devnet.chain.sectorInfo(miner.address, sectorNumber)
    expect(sector?.expiration).toBeGreaterThanOrEqual(proposal.endEpoch)
    const deal = await devnet.chain.marketDeal(dealId)
    expect(deal?.state.sectorStartEpoch).toBeGreaterThan(0)
  })

  it('told everything in one dense sequence', async () => {
    const sequences = (await rooms.context.get(EventStore).after(0)).map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.map((_, i) => i + 1))
  })
})
