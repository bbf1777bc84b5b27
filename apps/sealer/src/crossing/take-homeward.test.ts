import { randomBytes } from 'node:crypto'
import type { Address } from '@sealane/actors'
import type { homeward, PayloadOf } from '@sealane/jobs'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { offerDeal } from '../testing/offer-deal.js'
import { Rows } from '../testing/rows.js'
import { takeHomeward } from './take-homeward.js'

const dir = temporaryDirectory()
const miner = { address: 'f01000', sectorSizeBytes: 2048 }
let count = 0
let rows: Rows
beforeEach(async () => {
  rows = await Rows.open(`${dir}/${++count}`)
})
afterEach(() => rows.close())

const take = (job: PayloadOf<typeof homeward>) =>
  takeHomeward(job, {
    pieces: rows.pieces,
    outbox: rows.outbox,
    miner,
    dailyOffers: 100,
    now: () => rows.nowMs,
    signAsk: async () => {},
  })
/** What is told abroad, as if all of it were acknowledged. */
async function told() {
  const waiting = await rows.outbox.unacknowledged(rows.nowMs)
  for (const { sender, subject, sequence } of waiting)
    await rows.outbox.acknowledge(sender, subject, sequence)
  return waiting.map(({ snapshot }) => snapshot)
}

describe('an offer', () => {
  it('of a deal that is here already is answered with what became of it: a provider restored from a backup has forgotten', async () => {
    const offer = offerDeal(new Uint8Array(randomBytes(2000)), miner.address as Address, 7)
    await take(offer)
    expect(await told()).toEqual([expect.objectContaining({ kind: 'acknowledgements' })])
    await rows.db.updateTable('pieces').set({ state: 'Sealed', deal_id: 5 }).execute()
    await take({ ...offer, sequence: 3 })
    const again = await told()
    expect(again).toHaveLength(2)
    expect(again).toContainEqual(
      expect.objectContaining({ kind: 'dealProgress', pieceState: 'Sealed', dealId: 5 }),
    )
  })
})

describe('a withdrawal', () => {
  const withdrawn = async (state: 'Held' | 'Pulling', facts: Parameters<Rows['piece']>[1]) => {
    const { deal_uuid: dealUuid } = await rows.piece(state, facts)
    const message = { kind: 'dealWithdrawn' as const, dealUuid, reason: 'its bytes are gone' }
    await take({ sender: `provider~${'0'.repeat(28)}`, subject: dealUuid, sequence: 2, tries: 0, message })
    return (await rows.readPiece(dealUuid)).state
  }

  it('drops a piece that is not with the miner yet, held for a person or not', async () => {
    expect(await withdrawn('Pulling', {})).toBe('Dropped')
    for (const held_from of ['Offered', 'Pulling', 'Home'] as const)
      expect(await withdrawn('Held', { held_from })).toBe('Dropped')
  })

  it('is too late for a piece that the miner has had', async () => {
    for (const held_from of ['Publishing', 'Published'] as const)
      expect(await withdrawn('Held', { held_from })).toBe('Held')
  })
})
