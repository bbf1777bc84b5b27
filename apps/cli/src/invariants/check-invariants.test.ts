import { marketMethods } from '@sealane/actors'
import { describe, expect, it } from 'vitest'
import { dealUuid, healthyFacts, sender, signing } from '../testing/healthy-facts.js'
import { checkInvariants } from './check-invariants.js'
import type { Facts, Landing, MessageFact } from './facts.js'

type Owner = 'client' | 'provider' | 'sealer' | 'miner' | 'chain'
type Part<K extends Owner> = NonNullable<Facts[K]>

const healthy = healthyFacts()

/** The healthy facts with one owner's part changed. */
function but<K extends Owner>(owner: K, change: (part: Part<K>) => Partial<Part<K>>): Facts {
  const part = healthy[owner] as Part<K>
  return { ...healthy, [owner]: { ...part, ...change(part) } }
}

const row = <Row>(rows: readonly Row[]): Row => {
  const [first] = rows
  if (first === undefined) throw new Error('the healthy facts have no such row')
  return first
}
const path = row(healthy.storage ?? [])
const other = 'bafy2bzacedvel7rfwdtrpzl65gn55epqh642pyq7fp3tpergpsnxxayc6xyxg'
const again = signing({
  nonce: 0,
  uuid: 'message-0',
  method: marketMethods.PublishStorageDeals,
  params: new Uint8Array([1]),
})

/** A second message that did what the one of `index` did, under the next nonce. */
function twice(index: number): Facts {
  const message = healthy.miner?.messages[index] as MessageFact
  const nonce = 4
  const second = signing({ nonce, uuid: 'message-4', method: message.method, params: message.params })
  const landed: Landing = { message: second.cid as Landing['message'], exitCode: 0, height: 3_100 }
  const sent = but('miner', (part) => ({
    senders: [{ address: sender, next_nonce: 5 }],
    signings: [...part.signings, second],
    messages: [...part.messages, { ...message, uuid: 'message-4', nonce, cid: second.cid }],
  }))
  const chain = but('chain', (part) => ({
    nonces: new Map([[sender, 5]]),
    landings: new Map([...part.landings, [`${sender} ${nonce}`, landed]]),
  }))
  return { ...sent, ...(chain.chain === undefined ? {} : { chain: chain.chain }) }
}

const planted: readonly (readonly [promise: string, rule: string, facts: Facts])[] = [
  ['P1', 'deal lost abroad', but('provider', () => ({ deals: [] }))],
  ['P1', 'deal lost at home', but('sealer', () => ({ pieces: [] }))],
  ['P1', 'other proposal', but('client', () => ({ deals: [{ dealUuid, proposalCid: other }] }))],
  [
    'P1',
    'ended without a reason',
    but('provider', (part) => ({ deals: [{ ...row(part.deals), state: 'Failed' }] })),
  ],
  ['P1', 'sector lost', but('sealer', () => ({ sectors: [] }))],
  ['P1', 'publication lost', but('miner', () => ({ publications: [] }))],
  ['P1', 'deal not on chain', but('chain', () => ({ deals: new Map() }))],
  [
    'P1',
    'other deal id',
    but('miner', (part) => ({ publications: [{ ...row(part.publications), proposal_cid: other }] })),
  ],
  ['P1', 'other sector', but('sealer', (part) => ({ pieces: [{ ...row(part.pieces), sector_number: 2 }] }))],
  [
    'P1',
    'not active',
    but('chain', (part) => {
      const deal = part.deals.get(0)
      if (deal === undefined) throw new Error('no deal')
      return { deals: new Map([[0, { ...deal, state: { ...deal.state, sectorStartEpoch: -1 as never } }]]) }
    }),
  ],
  ['P2', 'signed twice', but('miner', (part) => ({ signings: [...part.signings, again] }))],
  [
    'P2',
    'signed twice',
    // Declared as a replacement, and says something else.
    but('miner', (part) => ({
      signings: [...part.signings, { ...again, replaces: row(part.signings).cid }],
    })),
  ],
  [
    'P2',
    'journal spoiled',
    but('miner', (part) => ({ signings: part.signings.map((one) => ({ ...one, signed: again.signed })) })),
  ],
  [
    'P2',
    'nonce gap',
    but('miner', (part) => ({ signings: part.signings.filter(({ nonce }) => nonce !== 2) })),
  ],
  ['P2', 'nonce given twice', but('miner', () => ({ senders: [{ address: sender, next_nonce: 3 }] }))],
  ['P2', 'signed elsewhere', but('chain', () => ({ nonces: new Map([[sender, 5]]) }))],
  ['P2', 'not on chain', but('chain', () => ({ landings: new Map() }))],
  [
    'P2',
    'other receipt',
    but('miner', (part) => ({ messages: part.messages.map((one) => ({ ...one, exit_code: 16 })) })),
  ],
  [
    'P3',
    'number given twice',
    but('miner', (part) => ({
      numberRequests: [...part.numberRequests, { request_id: 'numbers-2', numbers: '[1]' }],
    })),
  ],
  [
    'P3',
    'number forgotten',
    but('miner', () => ({ numberRequests: [{ request_id: 'numbers-1', numbers: '[1,2]' }] })),
  ],
  ['P3', 'number forgotten', but('chain', () => ({ allocated: [1, 2] }))],
  ['P3', 'number of nobody', but('miner', () => ({ numberRequests: [], sectorNumbers: [] }))],
  ['P3', 'two sealed files', { ...healthy, storage: [path, { ...path, path: '/data/two', id: 'path-2' }] }],
  [
    'P3',
    'file of nobody',
    { ...healthy, storage: [{ ...path, sectors: { ...path.sectors, sealed: [1, 9] } }] },
  ],
  ['P3', 'number used again', but('chain', () => ({ sectors: [{ sectorNumber: 1, commR: '00' }] }))],
  ['P4', 'done twice', twice(0)],
  ['P4', 'done twice', twice(1)],
  ['P4', 'done twice', twice(2)],
  ['P4', 'done twice', twice(3)],
  [
    'P4',
    'sent twice',
    but('miner', (part) => ({
      signings: part.signings.map((one) => (one.nonce === 1 ? { ...one, uuid: 'message-0' } : one)),
    })),
  ],
  [
    'P5',
    'over the limit',
    but('sealer', (part) => ({
      limitsLog: part.limitsLog.map((line) => ({ ...line, deal_concurrent: 0 })),
    })),
  ],
  [
    'P5',
    'admitted twice',
    but('sealer', (part) => ({ limitsLog: [row(part.limitsLog), ...part.limitsLog] })),
  ],
  ['P5', 'wrong count', but('sealer', () => ({ limits: { in_flight_deals: 1, in_flight: 1 } }))],
  ['P5', 'freed early', but('sealer', () => ({ history: [] }))],
  ['P7', 'deleted', but('provider', () => ({ trash: { names: new Set<string>(), unexplained: [] } }))],
  ['P7', 'deleted', but('sealer', () => ({ trash: { names: new Set<string>(), unexplained: [] } }))],
  [
    'P7',
    'deleted',
    { ...healthy, storage: [{ ...path, trash: { names: new Set<string>(), unexplained: [] } }] },
  ],
  [
    'P7',
    'unexplained',
    but('sealer', (part) => ({ trash: { ...part.trash, unexplained: ['/trash/2026-11-22/x'] } })),
  ],
  ['P7', 'file gone', { ...healthy, storage: [{ ...path, sectors: { ...path.sectors, sealed: [] } }] }],
  ['P7', 'file gone', but('sealer', (part) => ({ pieces: [{ ...row(part.pieces), state: 'InSector' }] }))],
  ['P7', 'file gone', but('provider', (part) => ({ deals: [{ ...row(part.deals), staged: 1 }] }))],
  [
    'settled',
    'not proven',
    but('provider', (part) => ({ deals: [{ ...row(part.deals), proven_epoch: null }] })),
  ],
  ['settled', 'staging held', but('provider', () => ({ stagingBytes: 2048 }))],
  ['settled', 'staging left', but('provider', () => ({ staged: ['x.piece'] }))],
  [
    'settled',
    'not acknowledged',
    but('sealer', () => ({ outbox: [{ subject: 'ask', sequence: 1, tries: 3 }] })),
  ],
  ['settled', 'not sealed', but('sealer', (part) => ({ pieces: [{ ...row(part.pieces), state: 'Held' }] }))],
  [
    'settled',
    'not proving',
    but('sealer', (part) => ({ sectors: [{ ...row(part.sectors), state: 'Held' }] })),
  ],
  ['settled', 'places held', but('sealer', () => ({ limits: { in_flight_deals: 1, in_flight: 1 } }))],
  ['settled', 'file left', but('sealer', () => ({ files: ['x.json'] }))],
  [
    'settled',
    'claim held',
    but('sealer', (part) => ({ claims: [{ ...row(part.claims), state: 'running' }] })),
  ],
  [
    'settled',
    'claim held',
    but('miner', () => ({ claims: [{ claim_id: 'p', row: '0/3/0', task: 'post.snark' }] })),
  ],
  ['settled', 'claim left', { ...healthy, storage: [{ ...path, claims: ['claim-2'] }] }],
  [
    'settled',
    'message open',
    but('miner', (part) => ({
      messages: [...part.messages.slice(1), { ...row(part.messages), state: 'Pushed' }],
    })),
  ],
  [
    'settled',
    'not published',
    but('miner', (part) => ({ publications: [{ ...row(part.publications), state: 'Held' }] })),
  ],
  ['settled', 'nonce open', but('chain', () => ({ nonces: new Map([[sender, 3]]) }))],
  ['settled', 'faulty', but('chain', () => ({ faulty: [1] }))],
  ['settled', 'queue not empty', { ...healthy, queues: [{ server: 'home', queue: 'seal.pc1', depth: 1 }] }],
]

describe('the invariant checker', () => {
  it('finds nothing wrong with a deal that was taken, published, sealed and proven', () => {
    expect(checkInvariants(healthy, { settled: true })).toEqual([])
  })

  it.each(planted)('%s: sees "%s" when it is planted', (promise, rule, facts) => {
    const found = checkInvariants(facts, { settled: true })
    expect(found.map((one) => `${one.promise} ${one.rule}`)).toContain(`${promise} ${rule}`)
    const one = found.find((violation) => violation.promise === promise && violation.rule === rule)
    expect(one?.text).not.toBe('')
  })

  it('lets a declared replacement pay more for the same', () => {
    const [first] = healthy.miner?.signings ?? []
    const [message] = healthy.miner?.messages ?? []
    if (first === undefined || message === undefined) throw new Error('nothing signed')
    const dearer = signing({
      nonce: 0,
      uuid: first.uuid,
      method: message.method,
      params: message.params,
      premium: 2_000n,
      replaces: first.cid,
    })
    const facts = but('miner', (part) => ({ signings: [...part.signings, dearer] }))
    expect(checkInvariants(facts, { settled: true })).toEqual([])
  })

  it('says nothing of owners that are on another machine', () => {
    const { nowMs, sealer } = healthy
    expect(checkInvariants(sealer === undefined ? { nowMs } : { nowMs, sealer }, { settled: true })).toEqual(
      [],
    )
    expect(checkInvariants({ nowMs }, { settled: true })).toEqual([])
  })
})
