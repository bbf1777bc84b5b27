import { execFileSync } from 'node:child_process'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MinerDb } from './database.js'
import { MinerActor } from './network/miner-actor.js'
import { MainLineRig } from './testing/main-line-rig.js'
import { type SealedWork, sealer } from './testing/seal-sector.js'

const MINUTES = 60_000
const SECTOR_SIZE = 2048n

/**
 * The miner alone is restored from a backup made before a sector got its number; the sealer goes on where it was. The chain and what the
 * sealer says are the truth then: no number comes twice, no sector is abandoned, nothing is sent that the chain has.
 */
describe('a miner restored alone from an older backup', { timeout: 4 * MINUTES }, () => {
  const directory = temporaryDirectory()
  const call = {} as never
  let rig: MainLineRig
  let restores = 0

  beforeAll(async () => {
    rig = await MainLineRig.open(directory)
    await rig.init(SECTOR_SIZE)
    await rig.restart(() => copy('miner', 'backup'))
  }, 3 * MINUTES)
  afterAll(async () => {
    await rig?.stop()
  })

  /** As the runbook copies: with owners and modes. */
  const copy = (from: string, to: string) => {
    execFileSync('cp', ['-a', join(directory, from), join(directory, to)])
  }
  const restore = () =>
    rig.restart(() => {
      restores += 1
      renameSync(join(directory, 'miner'), join(directory, `miner.before-${restores}`))
      copy('backup', 'miner')
    })
  const allocate = async (requestId: string, highestKnown: number) =>
    Number(
      (await rig.service.allocateSectorNumbers({ requestId, count: 1, highestKnown }, call))
        .sectorNumbers?.[0],
    )
  const messagesOf = async (name: string) =>
    await rig.rooms.context
      .get(MinerDb)
      .selectFrom('messages')
      .select('uuid')
      .where('class', '=', name)
      .execute()

  interface Sealing {
    sectorNumber: number
    ticket: Uint8Array
    ticketEpoch: number
    sealed: SealedWork
    work: ReturnType<typeof sealer>
  }
  async function seal(sectorNumber: number): Promise<Sealing> {
    const { id } = await rig.rooms.context.get(MinerActor).require()
    const drawn = await rig.service.drawTicket({ sectorNumber }, call)
    const ticket = drawn.ticket as Uint8Array
    const work = sealer(join(directory, `s${sectorNumber}`), {
      minerId: id,
      sectorNumber,
      sectorSize: SECTOR_SIZE,
    })
    return {
      sectorNumber,
      ticket,
      ticketEpoch: Number(drawn.epoch),
      work,
      sealed: await work.preCommit(undefined, ticket),
    }
  }
  const envelope = (sectorNumber: number, step: string, turn: number) => ({
    requestId: `s${sectorNumber}-${step}-${turn}`,
    sectorNumber,
    step,
    turn,
    coordinatorEpoch: 1,
  })
  const preCommit = ({ sectorNumber, sealed, ticket, ticketEpoch }: Sealing) =>
    rig.service.submitPreCommit(
      {
        envelope: envelope(sectorNumber, 'preCommit', 5),
        commR: sealed.commR,
        commD: sealed.commD,
        committedCapacity: true,
        ticketEpoch,
        ticket,
        pieces: [],
        prover: 'trapdoor',
      },
      call,
    )

  it('takes over a number that the chain has not seen yet, and hands it out no more', async () => {
    const two = await seal(await allocate('n3', 0))
    await restore()
    expect((await preCommit(two)).refusal).toBeUndefined()
    expect(await allocate('n4', 0)).toBeGreaterThan(two.sectorNumber)
    const landed = await rig.told('preCommitLanded', ({ sectorNumber }) => sectorNumber === two.sectorNumber)
    expect(landed.messageCid).not.toBe('')
    expect(await messagesOf('preCommit')).toHaveLength(1)
  })

  it('sends nothing twice when the forgotten message still stands in the pool', async () => {
    const three = await seal(await allocate('n5', 0))
    expect((await preCommit(three)).refusal).toBeUndefined()
    await rig.told('messageSent', ({ sectorNumber }) => sectorNumber === three.sectorNumber)
    await restore()
    // Which of the two the chain shows first is chance: a message planned beside the forgotten one, or that one.
    await until(
      'the request is taken',
      async () => (await preCommit(three)).refusal?.code ?? 'taken',
      (answer) => {
        expect(['taken', 'NOT_SETTLED']).toContain(answer)
        return answer === 'taken'
      },
      { deadlineMs: MINUTES },
    )
    await rig.told('preCommitLanded', ({ sectorNumber }) => sectorNumber === three.sectorNumber)
    const ready = await rig.told('seedReady', ({ sectorNumber }) => sectorNumber === three.sectorNumber)
    expect(ready.seed).toHaveLength(32)
    expect(await rig.all('stepLost')).toEqual([])
  })

  // Last: from a sector's ProveCommit on the devnet waits for its WindowPoSt.
  it('finds on chain the PreCommit it has forgotten: tells its landing and its seed, sends none, and gives its number to nobody', async () => {
    const one = await seal(await allocate('n1', 0))
    expect((await preCommit(one)).refusal).toBeUndefined()
    const landed = await rig.told('preCommitLanded', ({ sectorNumber }) => sectorNumber === one.sectorNumber)
    await restore()
    expect(await rig.all('preCommitLanded')).toEqual([])
    // Not even when the sealer has no row or file of it.
    expect(await allocate('n2', 0)).toBe(one.sectorNumber + 1)
    // The sealer, in WaitSeed, asks for the same turn again.
    expect((await preCommit(one)).refusal).toBeUndefined()
    expect(await rig.told('preCommitLanded')).toEqual({ ...landed, messageCid: '' })
    const ready = await rig.told('seedReady')
    expect(ready).toMatchObject({ sectorNumber: one.sectorNumber, preCommitEpoch: landed.preCommitEpoch })
    expect(await messagesOf('preCommit')).toEqual([])

    const proof = await one.work.prove({ ticket: one.ticket, seed: ready.seed, sealed: one.sealed })
    const prove = () =>
      rig.service.submitProveCommit(
        {
          envelope: envelope(one.sectorNumber, 'proveCommit', 9),
          proof,
          commR: one.sealed.commR,
          commD: one.sealed.commD,
          ticket: one.ticket,
          seed: ready.seed,
          seedEpoch: ready.seedEpoch,
          pieces: [],
          prover: 'trapdoor',
        },
        call,
      )
    expect((await prove()).refusal).toBeUndefined()
    const proven = await rig.told('proveCommitLanded')
    await restore()
    expect((await prove()).refusal).toBeUndefined()
    expect(await rig.told('proveCommitLanded')).toEqual({ ...proven, messageCid: '' })
    expect(await messagesOf('proveCommit')).toEqual([])
  })
})
