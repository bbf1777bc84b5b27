import { readFileSync } from 'node:fs'
import { type Address, type Cid, keyAddress } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import { leastReplacement } from './least-replacement.js'
import type { Pooled } from './pooled.js'
import { selectMessages } from './select-messages.js'

interface RecordedMessage {
  readonly cid: string
  readonly sender: string
  readonly nonce: number
  readonly gasPremium: string
  readonly gasFeeCap: string
  readonly gasLimit: number
}

interface Scenario {
  readonly name: string
  readonly baseFee: string
  readonly nonces: { readonly [sender: string]: number }
  readonly pending: readonly RecordedMessage[]
  readonly select: readonly string[]
}

const { scenarios, replaceByFee } = JSON.parse(
  readFileSync(new URL('./vectors/mpool-select.json', import.meta.url), 'utf8'),
) as {
  scenarios: readonly Scenario[]
  replaceByFee: {
    readonly results: readonly { readonly premium: number; readonly error?: { readonly message: string } }[]
  }
}

const addressOf = (sender: string) => keyAddress('secp256k1', new Uint8Array(65).fill(sender.charCodeAt(0)))
const rich = attoFil(10n ** 24n)

function pooled(messages: readonly RecordedMessage[]): Map<Address, Pooled[]> {
  const bySender = new Map<Address, Pooled[]>()
  for (const [arrival, one] of messages.entries()) {
    const sender = addressOf(one.sender)
    const message = {
      version: 0 as const,
      to: sender,
      from: sender,
      nonce: one.nonce,
      value: attoFil(0n),
      gasLimit: one.gasLimit,
      gasFeeCap: attoFil(BigInt(one.gasFeeCap)),
      gasPremium: attoFil(BigInt(one.gasPremium)),
      method: 0,
      params: new Uint8Array(),
    }
    const signed = { message, signature: { type: 1 as const, data: new Uint8Array(65) } }
    bySender.set(sender, [...(bySender.get(sender) ?? []), { cid: one.cid as Cid, signed, sender, arrival }])
  }
  return bySender
}

/** `A37`: sender and nonce, as one reads them. */
function named(scenario: Scenario, cid: string): string {
  const one = scenario.pending.find((message) => message.cid === cid)
  return `${one?.sender}${one?.nonce}`
}

function select(scenario: Scenario, priority: readonly string[] = []): string[] {
  const nonces = new Map(
    Object.entries(scenario.nonces).map(([sender, nonce]) => [addressOf(sender), nonce] as const),
  )
  return selectMessages(pooled(scenario.pending), {
    baseFee: attoFil(BigInt(scenario.baseFee)),
    gasLimit: 10_000_000_000,
    priority: priority.map(addressOf),
    sender: (address) => ({ nonce: nonces.get(address) ?? 0, balance: rich }),
  }).map(({ cid }) => named(scenario, cid))
}

describe('the messages of the next block', () => {
  it.each(scenarios.map((scenario) => [scenario.name, scenario] as const))(
    'are those a real lotus selects, in its order: %s',
    (_name, scenario) => {
      expect(select(scenario)).toEqual(scenario.select.map((cid) => named(scenario, cid)))
    },
  )

  it('begin with those of priority senders, whatever they pay', () => {
    const scenario = scenarios.find(({ name }) => name === 'three-senders')
    if (scenario === undefined) throw new Error('no such recording')
    expect(select(scenario, ['B']).slice(0, 3)).toEqual(['B53', 'B54', 'C28'])
  })

  it('never take more gas than a block has, however the pool looks', () => {
    const scenario = scenarios.find(({ name }) => name === 'over-block-limit')
    if (scenario === undefined) throw new Error('no such recording')
    const gasOf = (name: string) =>
      scenario.pending.find(({ sender, nonce }) => `${sender}${nonce}` === name)?.gasLimit ?? 0
    for (const priority of [[], ['A'], ['A', 'B'], ['C']]) {
      const gas = select(scenario, priority).reduce((sum, name) => sum + gasOf(name), 0)
      expect(gas).toBeLessThanOrEqual(10_000_000_000)
    }
  })
})

it('a replacement is taken from the premium on that a real lotus takes it from', () => {
  let pooled = 0n
  for (const { premium, error } of replaceByFee.results) {
    if (error === undefined) {
      expect(BigInt(premium)).toBeGreaterThanOrEqual(pooled === 0n ? 0n : leastReplacement(pooled))
      pooled = BigInt(premium)
    } else
      expect(error.message).toContain(`increase GasPremium to ${leastReplacement(pooled)} from ${premium} `)
  }
})
