import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { lotusKeysFolder } from '@sealane/recordings'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SealedSector } from '../src/index.js'
import { type RecordedClaim, recordedClaims } from './recorded-claims.js'

interface Answer {
  id: number
  valid?: boolean
  error?: string
}

const child = fork(join(import.meta.dirname, 'verifier-child.mjs'), [lotusKeysFolder], {
  serialization: 'advanced',
})
const waiting = new Map<number, (answer: Answer) => void>()
let asked = 0

beforeAll(async () => {
  await once(child, 'message')
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer))
  child.on('exit', (code, signal) => {
    for (const [id, answer] of waiting) answer({ id, error: `the child ended with ${code ?? signal}` })
  })
})
afterAll(() => {
  child.kill()
})

/** What the verifier of the recorded network's keys says. */
async function verify({ method, claim }: Pick<RecordedClaim, 'method' | 'claim'>): Promise<boolean> {
  const id = ++asked
  const answer = await new Promise<Answer>((resolve) => {
    waiting.set(id, resolve)
    child.send({ id, method, claim })
  })
  if (answer.valid === undefined) throw new Error(answer.error)
  return answer.valid
}

const of = <Method extends RecordedClaim['method']>(method: Method) =>
  recordedClaims.filter((one): one is Extract<RecordedClaim, { method: Method }> => one.method === method)
const valid = <Claim extends RecordedClaim>(claims: Claim[]): Claim[] => claims.filter(({ holds }) => holds)

/** Another byte somewhere; the top bits of a field element's last byte stay clear. */
const changed = (bytes: Uint8Array, at = 5): Uint8Array => bytes.with(at, (bytes[at] ?? 0) ^ 1)
const otherMiner = <T extends { minerId: number }>(o: T): T => ({ ...o, minerId: o.minerId + 1 })

describe('proofs that a real Lotus network took or refused', () => {
  it('are all kinds', () => {
    const counts = Object.groupBy(recordedClaims, ({ method, holds }) => `${method} ${holds}`)
    expect(
      Object.fromEntries(Object.entries(counts).map(([kind, claims]) => [kind, claims?.length])),
    ).toEqual({
      'verifySeal true': 6,
      'verifySeal false': 2,
      'verifyAggregateSeals true': 1,
      'verifyUpdate true': 1,
      'verifyWindowPost true': 9,
      'verifyWindowPost false': 1,
    })
  })

  it.each(recordedClaims)('$name: $method gives $holds', async (recorded) => {
    expect(await verify(recorded)).toBe(recorded.holds)
  })

  it.each(recordedClaims)('$name: $method refuses any other bytes', async ({ method, claim }) => {
    const { proof } = claim
    for (const other of [
      changed(proof),
      changed(proof, proof.length - 2),
      proof.subarray(1),
      new Uint8Array(0),
    ]) {
      const answer = await verify({ method, claim: { ...claim, proof: other } } as RecordedClaim)
      expect(answer).toBe(false)
    }
  })
})

describe('a PoRep', () => {
  it.each(valid(of('verifySeal')))(
    '$name is for one sector, data, ticket and seed only',
    async ({ claim }) => {
      const others = [
        { ...claim, sector: otherMiner(claim.sector) },
        { ...claim, sector: { ...claim.sector, sectorNumber: claim.sector.sectorNumber + 1 } },
        ...(['commR', 'commD', 'ticket', 'seed'] as const).map((name) => ({
          ...claim,
          [name]: changed(claim[name]),
        })),
      ]
      for (const other of others) expect(await verify({ method: 'verifySeal', claim: other })).toBe(false)
    },
  )
})

describe('an aggregate of PoReps', () => {
  it.each(valid(of('verifyAggregateSeals')))(
    '$name is for these sectors, in this order',
    async ({ claim }) => {
      const { claims, proof } = claim
      const [first, ...rest] = claims
      if (first === undefined) throw new Error('no claims')
      const others = [
        rest,
        [...rest, first],
        [...claims, first],
        [],
        ...(['commR', 'commD', 'ticket', 'seed'] as const).map((name) => [
          { ...first, [name]: changed(first[name]) },
          ...rest,
        ]),
        [{ ...first, sector: otherMiner(first.sector) }, ...rest],
      ]
      for (const other of others) {
        expect(await verify({ method: 'verifyAggregateSeals', claim: { claims: other, proof } })).toBe(false)
      }
    },
  )
})

describe('a replica update', () => {
  it.each(valid(of('verifyUpdate')))(
    '$name is for one old and one new replica and its data',
    async ({ claim }) => {
      for (const name of ['oldCommR', 'newCommR', 'newCommD'] as const) {
        const other = { ...claim, [name]: changed(claim[name]) }
        expect(await verify({ method: 'verifyUpdate', claim: other })).toBe(false)
      }
    },
  )
})

describe('a WindowPoSt', () => {
  it.each(valid(of('verifyWindowPost')))(
    '$name is for one challenge and these sectors',
    async ({ claim }) => {
      const sectors = (change: (sector: SealedSector) => SealedSector) => claim.sectors.map(change)
      const others = [
        { ...claim, randomness: changed(claim.randomness) },
        { ...claim, sectors: sectors((sector) => ({ ...sector, commR: changed(sector.commR) })) },
        { ...claim, sectors: sectors((one) => ({ ...one, sectorNumber: one.sectorNumber + 50 })) },
        {
          ...claim,
          sectors: [...claim.sectors, ...sectors((one) => ({ ...one, sectorNumber: 99 })).slice(1)],
        },
        { ...claim, sectors: [] },
      ]
      for (const other of others)
        expect(await verify({ method: 'verifyWindowPost', claim: other })).toBe(false)
    },
  )
})
