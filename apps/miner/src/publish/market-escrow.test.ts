import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { Address } from '@sealane/actors'
import type { ChainPort, TipSetKey } from '@sealane/chain'
import { attoFil } from '@sealane/fil-units'
import { silentLog } from '@sealane/host'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { EventStore } from '../events/event-store.js'
import { openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { MarketEscrow } from './market-escrow.js'
import { PublicationStore } from './publication-store.js'

const FIL = 10n ** 18n

/** Escrow of a miner whose collateral locks nothing yet; `paid` is what AddBalance has brought by each tipset. */
async function openEscrow(directory: string) {
  const chain = new ScriptedChain()
  const rig = await openMessager(directory, chain.port())
  const worker = (await rig.keystore.ensure('worker', 'secp256k1')).address
  chain.balances.set(worker, 100n * FIL)
  await rig.actor.remember('f01000' as Address, 2048n)
  const escrowAt = new Map<string, bigint>()
  const locks = { beforeAnswer: async () => {} }
  const port = new Proxy(chain.port(), {
    get: (from, name) =>
      name === 'marketBalance'
        ? async (_: Address, at: TipSetKey) => {
            const answer = { escrow: attoFil(escrowAt.get(at.join()) ?? 0n), locked: attoFil(0n) }
            await locks.beforeAnswer()
            return answer
          }
        : from[name as keyof ChainPort],
  })
  const store = new PublicationStore(rig.db, new EventStore(rig.db, rig.clock), rig.clock)
  const escrow = new MarketEscrow(
    rig.db,
    port,
    rig.actor,
    rig.wallet,
    store,
    rig.store,
    rig.messager,
    silentLog(),
  )
  const queue = async (request_id: string) => {
    const deal = {
      request_id,
      proposal_cid: request_id,
      signed_proposal: new Uint8Array(),
      client: 'f01001',
      piece_cid: 'c',
      piece_size: '2048',
      start_epoch: 1000,
      end_epoch: 600_000,
      collateral: FIL.toString(),
    }
    await writing(rig.db, (trx) => store.queue(trx, deal, 0))
  }
  await queue('deal')
  await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
  const topUps = async () =>
    await rig.db.selectFrom('messages').selectAll().where('class', '=', 'marketAdd').execute()
  return { ...rig, chain, store, queue, escrow, escrowAt, locks, topUps }
}

describe('the escrow of the provider', () => {
  const root = temporaryDirectory()

  it('is topped up once, even when the top-up executes while its balance is being read at the head before', async () => {
    const rig = await openEscrow(mkdtempSync(join(root, 'e-')))
    const rows = await rig.store.inState('Queued')
    expect(await rig.escrow.toppedUp(rows, rig.chain.head)).toBe(false)
    await rig.messager.round()
    await rig.watch.take(rig.chain.advance())
    const before = rig.chain.head
    expect((await rig.topUps()).map(({ state }) => state)).toEqual(['Pushed'])
    rig.locks.beforeAnswer = async () => {
      rig.locks.beforeAnswer = async () => {}
      // The node has answered for the head before; now the head moves, and the top-up is in.
      await rig.watch.take(rig.chain.advance())
      rig.escrowAt.set(rig.chain.head.key.join(), FIL)
      expect((await rig.topUps()).map(({ state }) => state)).toEqual(['Included'])
    }
    const queued = await rig.store.inState('Queued')
    expect(await rig.escrow.toppedUp(queued, before)).toBe(false)
    expect(await rig.topUps(), 'the money went in once').toHaveLength(1)
    expect(await rig.escrow.toppedUp(await rig.store.inState('Queued'), rig.chain.head)).toBe(true)
    await rig.db.destroy()
  })

  it('counts the collateral of deals whose message executed after the head it was read at', async () => {
    const rig = await openEscrow(mkdtempSync(join(root, 'c-')))
    const [first] = await rig.store.inState('Queued')
    if (first === undefined) throw new Error('no deal is queued')
    const message = await writing(rig.db, (trx) =>
      rig.messager.request(trx, {
        requestId: 'publish-1',
        class: 'publish',
        from: rig.wallet.role('worker').address,
        to: 'f05' as Address,
        value: attoFil(0n),
        method: 4,
        params: new Uint8Array([1]),
        reason: 'test',
      }),
    )
    const sent = { message_uuid: message.uuid, batch_index: 0 }
    await writing(rig.db, (trx) => rig.store.move(trx, first, 'sent', sent, 0))
    await rig.messager.round()
    await rig.watch.take(rig.chain.advance())
    const before = rig.chain.head
    // Enough for one deal: the one that is sent.
    rig.escrowAt.set(before.key.join(), FIL)
    await rig.watch.take(rig.chain.advance())
    expect((await rig.store.ofMessage(rig.db, message.uuid)).map(({ state }) => state)).toEqual(['Sent'])
    await rig.queue('another')
    expect(await rig.escrow.toppedUp(await rig.store.inState('Queued'), before)).toBe(false)
    expect((await rig.topUps()).map(({ value }) => value)).toEqual([FIL.toString()])
    await rig.db.destroy()
  })
})
