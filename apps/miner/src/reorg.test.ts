import { join } from 'node:path'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MinerDb } from './database.js'
import { MinerActor } from './network/miner-actor.js'
import { MainLineRig } from './testing/main-line-rig.js'
import { sealer } from './testing/seal-sector.js'

const MINUTES = 60_000
const SECTOR_SIZE = 2048n

describe('a committed-capacity sector and a deep reorg', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  let rig: MainLineRig

  beforeAll(async () => {
    rig = await MainLineRig.open(directory)
    await rig.init(SECTOR_SIZE)
  }, 3 * MINUTES)
  afterAll(async () => {
    await rig?.stop()
  })

  it('takes back what it told, pushes the same bytes again, and tells landing and seed anew; the sector is proven', async () => {
    const call = {} as never
    const miner = await rig.rooms.context.get(MinerActor).require()
    const { sectorNumbers } = await rig.service.allocateSectorNumbers(
      { requestId: 'n1', count: 1, highestKnown: 41 },
      call,
    )
    const sectorNumber = Number(sectorNumbers?.[0])
    expect(sectorNumber, 'above what the files of home show').toBe(42)
    const ticket = await rig.service.drawTicket({ sectorNumber }, call)
    const ticketBytes = ticket.ticket as Uint8Array
    const work = sealer(join(directory, 'cc'), { minerId: miner.id, sectorNumber, sectorSize: SECTOR_SIZE })
    const sealed = await work.preCommit(undefined, ticketBytes)
    const facts = {
      commR: sealed.commR,
      commD: sealed.commD,
      ticket: ticketBytes,
      pieces: [],
      prover: 'trapdoor',
    }
    const envelope = (step: string, turn: number) => ({
      requestId: `s${sectorNumber}-${step}-${turn}`,
      sectorNumber,
      step,
      turn,
      coordinatorEpoch: 1,
    })
    const preCommit = {
      ...facts,
      envelope: envelope('preCommit', 1),
      committedCapacity: true,
      ticketEpoch: Number(ticket.epoch),
    }
    const answer = await rig.service.submitPreCommit(preCommit, call)
    expect(answer.refusal).toBeUndefined()

    const landed = await rig.told('preCommitLanded')
    await rig.told('seedReady')
    const depth = (await rig.devnet.chain.head()).height - landed.preCommitEpoch + 2
    await rig.devnet.admin('Devnet.Reorg', [depth, false])
    expect(await rig.told('stepReverted')).toEqual({ sectorNumber, step: 'preCommit' })
    await rig.told('preCommitLanded', () => true, 2)
    const seed = await rig.told('seedReady', () => true, 2)
    const signings = await rig.rooms.context
      .get(MinerDb)
      .selectFrom('signings')
      .select('cid')
      .where('uuid', '=', String(answer.messageUuid))
      .execute()
    expect(signings, 'pushed again, not signed again').toHaveLength(1)

    const proof = await work.prove({ ticket: ticketBytes, seed: seed.seed, sealed })
    const prove = {
      ...facts,
      envelope: envelope('proveCommit', 2),
      proof,
      seed: seed.seed,
      seedEpoch: seed.seedEpoch,
    }
    expect((await rig.service.submitProveCommit(prove, call)).refusal).toBeUndefined()
    expect(await rig.told('proveCommitLanded')).toMatchObject({
      sectorNumber,
      activeDeals: [],
      inactiveDeals: [],
    })
  })

  it('tells a coordinator that was replaced to stop, and refuses numbers it never gave out', async () => {
    const call = {} as never
    const envelope = {
      requestId: 'x',
      sectorNumber: 1_000_000,
      step: 'preCommit',
      turn: 1,
      coordinatorEpoch: 2,
    }
    const zero = new Uint8Array(32)
    const request = {
      commR: zero,
      commD: zero,
      committedCapacity: true,
      ticketEpoch: 0,
      ticket: zero,
      pieces: [],
      prover: 'real',
    }
    expect((await rig.service.submitPreCommit({ ...request, envelope }, call)).refusal?.code).toBe(
      'NUMBER_NOT_OURS',
    )
    const stale = rig.service.submitPreCommit(
      { ...request, envelope: { ...envelope, coordinatorEpoch: 1 } },
      call,
    )
    await expect(stale).rejects.toMatchObject({ code: 'STALE_COORDINATOR', remedy: 'halt' })
  })
})
