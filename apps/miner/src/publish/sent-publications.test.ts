import {
  BitField,
  type DealProposal,
  idAddress,
  marketActor,
  pieceCid,
  publishStorageDealsParams,
  publishStorageDealsReturn,
} from '@sealane/actors'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import { silentLog } from '@sealane/host'
import { writing } from '@sealane/sql'
import { temporaryDirectory } from '@sealane/testkit'
import { expect, it } from 'vitest'
import { EventStore } from '../events/event-store.js'
import { openMessager } from '../testing/miner-fixture.js'
import { ScriptedChain } from '../testing/scripted-chain.js'
import { PublicationStore } from './publication-store.js'
import { SentPublications } from './sent-publications.js'

const proposal: DealProposal = {
  pieceCid: pieceCid(new Uint8Array(32).fill(2)),
  pieceSize: paddedSize(2048n),
  verifiedDeal: false,
  client: idAddress(1001),
  provider: idAddress(1000),
  label: 'one',
  startEpoch: epoch(10_000),
  endEpoch: epoch(600_000),
  storagePricePerEpoch: attoFil(1n),
  providerCollateral: attoFil(2n),
  clientCollateral: attoFil(0n),
}
const deal = { proposal, clientSignature: { type: 1 as const, data: new Uint8Array(65) } }

const root = temporaryDirectory()

it('reads deal ids by what was sent, when a process died after the first deals of a batch had been told', async () => {
  const chain = new ScriptedChain()
  const rig = await openMessager(root, chain.port())
  const from = (await rig.keystore.ensure('worker', 'secp256k1')).address
  chain.balances.set(from, 10n ** 20n)
  await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
  const store = new PublicationStore(rig.db, new EventStore(rig.db, rig.clock), rig.clock)
  const message = await writing(rig.db, async (trx) => {
    const request = {
      requestId: 'publish-1',
      class: 'publish' as const,
      from,
      to: marketActor,
      value: attoFil(0n),
      method: 4,
      params: publishStorageDealsParams.encode({ deals: [deal, deal, deal] }),
      reason: 'test',
    }
    return await rig.messager.request(trx, request)
  })
  for (const [batch_index, request_id] of ['first', 'dropped', 'last'].entries()) {
    const row = {
      request_id,
      proposal_cid: request_id,
      signed_proposal: new Uint8Array(),
      client: 'f01001',
      piece_cid: 'c',
      piece_size: '2048',
      start_epoch: 10_000,
      end_epoch: 600_000,
      collateral: '2',
    }
    await writing(rig.db, (trx) => store.queue(trx, row, 0))
    const queued = await store.find(request_id)
    if (queued === undefined) throw new Error('not queued')
    const sent = { message_uuid: message.uuid, batch_index }
    await writing(rig.db, (trx) => store.move(trx, queued, 'sent', sent, 0))
  }
  await rig.messager.round()
  await rig.watch.take(chain.advance(12))
  // The actor dropped the deal in the middle.
  const return_data = publishStorageDealsReturn.encode({ ids: [70, 71], validDeals: BitField.of([0, 2]) })
  await rig.db.updateTable('messages').set({ return_data }).execute()
  expect(await rig.store.byUuid(message.uuid)).toMatchObject({ state: 'Confirmed' })

  const dying = Object.create(store) as PublicationStore
  dying.move = async (trx, row, ...rest) => {
    if (row.request_id === 'last') throw new Error('the process dies here')
    return await store.move(trx, row, ...rest)
  }
  const follower = (over: PublicationStore) =>
    new SentPublications(rig.db, over, rig.store, rig.messager, rig.clock, silentLog())
  await expect(follower(dying).follow(chain.head)).rejects.toThrow('dies here')
  await follower(store).follow(chain.head)
  expect(await store.find('first')).toMatchObject({ state: 'Published', deal_id: 70 })
  expect(await store.find('dropped')).toMatchObject({ state: 'Queued', deal_id: null })
  expect(await store.find('last')).toMatchObject({ state: 'Published', deal_id: 71 })
  await rig.db.destroy()
})
