import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, marketActor, pieceCid, policyFor, proveCommitSectors3Params } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { attoFil, paddedSize } from '@sealane/fil-units'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { EventStore } from '../events/event-store.js'
import { type SectorStep, SectorSteps } from '../sectors/sector-step.js'
import { StepStore, stepRequest } from '../sectors/step-store.js'
import { StepTeller } from '../sectors/step-teller.js'
import { openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { ProveCommits } from './prove-commits.js'

const miner = 'f01000' as Address
const sector = 7
const { maxProveCommitDuration } = policyFor('devnet-2k')
const piece = pieceCid(new Uint8Array(32).fill(2))

/** A ProveCommit that its worker cannot pay for; its deal has to be active by `startEpoch`. */
async function waiting(
  directory: string,
  o: { preCommitEpoch: number; startEpoch: number; insists?: boolean },
) {
  const chain = new ScriptedChain()
  const answers: Partial<ChainPort> = {
    preCommitInfo: async () => ({ preCommitEpoch: o.preCommitEpoch }) as never,
    sectorInfo: async () => undefined,
  }
  const port = new Proxy(chain.port(), {
    get: (from, name) => answers[name as keyof ChainPort] ?? from[name as keyof ChainPort],
  })
  const rig = await openMessager(directory, port)
  const { db, clock, watch, actor, network, wallet, messager, log, health } = rig
  const from = (await rig.keystore.ensure('worker', 'secp256k1')).address
  chain.balances.set(from, 1n)
  await actor.remember(miner, 2048n)
  await watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
  const events = new EventStore(db, clock)
  const steps = new StepStore(db, rig.settings, clock)
  const teller = new StepTeller(db, steps, events, log)
  const frames = new SectorSteps(db, watch, actor, network, steps, teller, rig.store, messager, log, health)
  let step: SectorStep | undefined
  const framed = Object.assign(Object.create(frames) as SectorSteps, {
    of: (rules: Parameters<SectorSteps['of']>[0]) => (step = frames.of(rules)),
  })
  new ProveCommits(db, port, watch, network, actor, wallet, steps, messager, events, {} as never, log, framed)
  const body = {
    ...{ proof: '', commR: '00'.repeat(32), commD: '', ticket: '', seed: '', seedEpoch: 1, prover: 'real' },
    pieces: [{ pieceCid: piece, paddedSize: 2048, dealId: 5, startEpoch: o.startEpoch, endEpoch: 600_000 }],
  }
  const envelope = {
    ...{ requestId: 's7-proveCommit-3', sectorNumber: sector, step: 'proveCommit', turn: 3 },
    coordinatorEpoch: 1,
  }
  const request = stepRequest(envelope, 'proveCommit', body, [5])
  const notify = [{ address: marketActor, payload: new Uint8Array([5]) }]
  const activation = { cid: piece, size: paddedSize(2048n), verifiedAllocationKey: null, notify }
  const params = proveCommitSectors3Params.encode({
    sectorActivations: [{ sectorNumber: sector, pieces: [activation] }],
    sectorProofs: [new Uint8Array(192)],
    aggregateProof: new Uint8Array(),
    aggregateProofType: null,
    requireActivationSuccess: true,
    requireNotificationSuccess: o.insists ?? true,
  })
  await writing(db, async (trx) => {
    const content = { from, to: miner, value: attoFil(10n ** 18n), method: 34, params, reason: 'test' }
    const ask = { requestId: request.requestId, class: 'proveCommit' as const, ...content }
    return await steps.record(trx, request, (await messager.request(trx, ask)).uuid)
  })
  const look = async () => {
    await messager.round()
    await step?.round()
    const row = await steps.find(sector, 'proveCommit')
    const message = await rig.store.byRequestId(request.requestId)
    const facts = (await events.after(0)).map(({ fact }) => fact)
    return {
      stage: row?.stage,
      message: message?.state,
      lost: facts.find((f) => f?.$case === 'stepLost')?.value,
    }
  }
  const pass = async (epochs: number) => await watch.take(chain.advance(epochs))
  return { look, pass, end: () => db.destroy() }
}

describe('a ProveCommit that waits for money', () => {
  const root = temporaryDirectory()
  const open = (o: Parameters<typeof waiting>[1]) => waiting(mkdtempSync(join(root, 'p-')), o)

  it('is taken back when the start of its deal comes, so that the sector is asked for anew without it', async () => {
    const rig = await open({ preCommitEpoch: 0, startEpoch: 5 })
    await rig.pass(4)
    expect(await rig.look()).toMatchObject({ stage: 'sending', message: 'Held', lost: undefined })
    await rig.pass(1)
    const { stage, message, lost } = await rig.look()
    expect({ stage, message }).toEqual({ stage: 'lost', message: 'Refused' })
    expect(lost).toMatchObject({ turn: 3, refusal: { code: 'DEAL_TOO_LATE', remedy: 'retry' } })
    await rig.end()
  })

  it('goes on waiting without its deal when it does not insist on it', async () => {
    const rig = await open({ preCommitEpoch: 0, startEpoch: 5, insists: false })
    await rig.pass(6)
    expect(await rig.look()).toMatchObject({ stage: 'sending', message: 'Held', lost: undefined })
    await rig.end()
  })

  it('says that its PreCommit has expired, and ends', async () => {
    const rig = await open({ preCommitEpoch: 10 - maxProveCommitDuration, startEpoch: 100_000 })
    await rig.pass(9)
    expect(await rig.look()).toMatchObject({ stage: 'sending', message: 'Held', lost: undefined })
    await rig.pass(1)
    const { stage, message, lost } = await rig.look()
    expect({ stage, message }).toEqual({ stage: 'lost', message: 'Refused' })
    expect(lost).toMatchObject({ turn: 3, refusal: { code: 'PRECOMMIT_EXPIRED', remedy: 'hold' } })
    await rig.end()
  })
})
