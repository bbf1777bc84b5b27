import { describe, expect, it } from 'vitest'
import { homeward, postSnark, sealPreCommit1, sealPreCommit2 } from './index.js'

const offer = {
  sender: `provider~${'0'.repeat(28)}`,
  subject: 'd-1',
  sequence: 3,
  tries: 0,
  message: {
    kind: 'dealOffered',
    dealUuid: '6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11',
    signedProposal: 'goA=',
    pieceCid: 'baga6ea4seaqlxmyaeccaaigrl4v7dytsmyvv3twpahuryqis5luh6u2kha6uioi',
    pieceSize: '2048',
    payloadSize: '2000',
  },
}

describe('a homeward job', () => {
  it('carries CIDs, sizes and ids', () => {
    expect(homeward.payload.parse(offer)).toEqual(offer)
  })
  it.each([
    ['a URL in place of a CID', { pieceCid: 'https://evil.example/x' }],
    ['a path in place of a CID', { pieceCid: '../../etc/passwd' }],
    ['a negative size', { pieceSize: '-1' }],
    ['a proposal larger than any proposal', { signedProposal: 'A'.repeat(20_000) }],
    ['a deal without a uuid', { dealUuid: 'x' }],
  ])('is refused with %s', (_what, change) => {
    expect(homeward.payload.safeParse({ ...offer, message: { ...offer.message, ...change } }).success).toBe(
      false,
    )
  })
  it('never lets an unknown field through', () => {
    const parsed = homeward.payload.parse({
      ...offer,
      message: { ...offer.message, url: 'https://evil.example' },
    })
    expect(parsed.message).not.toHaveProperty('url')
  })
})

describe('job ids', () => {
  it('differ by turn and by try, and hold no colon', () => {
    const ids = [
      sealPreCommit1.id({ sectorNumber: 7, turn: 1, tries: 0 }),
      sealPreCommit1.id({ sectorNumber: 7, turn: 1, tries: 1 }),
      sealPreCommit1.id({ sectorNumber: 7, turn: 2, tries: 0 }),
      postSnark.id({ miner: 'f01000', periodStart: -20, deadline: 3, partition: 0, turn: 1, tries: 0 }),
      homeward.id(homeward.payload.parse(offer)),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).not.toContain(':')
  })
  it('keep the stages of one storage path in its own queue', () => {
    expect(sealPreCommit2('path-a').queue).toBe('seal.pc2.path-a')
  })
})
