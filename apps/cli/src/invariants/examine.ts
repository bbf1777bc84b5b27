import { setTimeout as pause } from 'node:timers/promises'
import type { ChainPort } from '@sealane/chain'
import { DealBook } from '../client/deal-book.js'
import { checkInvariants } from './check-invariants.js'
import type { Facts } from './facts.js'
import type { OwnerPlaces } from './places.js'
import { readChain } from './read-chain.js'
import { readOwners } from './read-databases.js'
import { readStoragePath } from './read-files.js'
import { readQueues } from './read-queues.js'
import type { Violation } from './violation.js'

export interface ExamineOptions {
  readonly places: OwnerPlaces
  /** Where a client keeps its deals; undefined when it is not this machine's business. */
  readonly clientDir: string | undefined
  /** undefined when no node is known: the chain's side of each rule is then left out, and said so. */
  readonly chain: ChainPort | undefined
  readonly queues: readonly { readonly name: string; readonly url: string }[]
  /** Nothing may be left to do; it is waited for this long. Unit: ms. undefined: only what must always hold. */
  readonly settleMs: number | undefined
  /** Told what is still to do, when that changes. */
  readonly waiting: (text: string) => void
  readonly now: () => number
  readonly signal: AbortSignal
}

export interface Examined {
  readonly violations: readonly Violation[]
  /** How much was looked at. */
  readonly read: Readonly<Record<string, number>>
  /** What could not be looked at, and why. */
  readonly unread: readonly string[]
}

/** How often a system that still works is read again. Unit: ms. */
const againMs = 1_000

/** Reads everything and judges it; with `settleMs` again and again until nothing is left to do or the time is over. */
export async function examine(o: ExamineOptions): Promise<Examined> {
  const endMs = o.now() + (o.settleMs ?? 0)
  let told = ''
  for (;;) {
    const { facts, unread } = await read(o)
    const violations = checkInvariants(facts, { settled: o.settleMs !== undefined })
    const open = violations.length > 0 && violations.every(({ promise }) => promise === 'settled')
    if (!open || o.now() >= endMs) return { violations, read: counts(facts), unread }
    const text = violations.map((one) => one.text).join('; ')
    if (text !== told) o.waiting(text)
    told = text
    await pause(againMs, undefined, { signal: o.signal })
  }
}

async function read(o: ExamineOptions): Promise<{ facts: Facts; unread: string[] }> {
  const unread: string[] = []
  const deals =
    o.clientDir === undefined
      ? []
      : new DealBook(o.clientDir).list().filter((deal) => deal.answer === undefined)
  const owners = readOwners(o.places)
  for (const [name, owner, file] of [
    ['provider', owners.provider, o.places.providerDb],
    ['sealer', owners.sealer, o.places.sealerDb],
    ['miner', owners.miner, o.places.minerDb],
  ] as const) {
    if (owner === undefined) unread.push(`${name}: no ${file}`)
  }
  const storage = o.places.storagePaths.flatMap((path) => readStoragePath(path) ?? [])
  if (owners.sealer !== undefined && storage.length === 0) unread.push('storage paths: none on this machine')
  let chain: Facts['chain']
  if (o.chain === undefined) unread.push('chain: no node known')
  else if (owners.miner !== undefined) chain = await readChain(o.chain, owners.miner)
  let queues: Facts['queues']
  if (o.settleMs !== undefined) {
    if (o.queues.length === 0) unread.push('queues: none known')
    else
      queues = await readQueues(
        o.queues,
        storage.map(({ id }) => id),
      )
  }
  const facts: Facts = {
    nowMs: o.now(),
    ...owners,
    storage,
    ...(o.clientDir === undefined ? {} : { client: { deals } }),
    ...(chain === undefined ? {} : { chain }),
    ...(queues === undefined ? {} : { queues }),
  }
  return { facts, unread }
}

function counts({ client, provider, sealer, miner, chain, storage }: Facts): Record<string, number> {
  return {
    clientDeals: client?.deals.length ?? 0,
    deals: provider?.deals.length ?? 0,
    pieces: sealer?.pieces.length ?? 0,
    sectors: sealer?.sectors.length ?? 0,
    messages: miner?.messages.length ?? 0,
    signatures: miner?.signings.length ?? 0,
    sectorNumbers: miner?.sectorNumbers.length ?? 0,
    noncesOnChain: chain?.landings.size ?? 0,
    storagePaths: storage?.length ?? 0,
  }
}
