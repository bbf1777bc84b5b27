import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import { parseCid } from '@sealane/actors'
import { ChainError, ChainPort, type HeadStep, headFollower, type TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { Health, halt, Log, remedyOf } from '@sealane/host'
import { backoffMs, writing } from '@sealane/sql'
import { z } from 'zod'
import { Alerts } from '../alert/alerts.js'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { type Executed, MessageStore, type StoredMessage } from '../messages/message-store.js'
import { MinerError } from '../miner-error.js'
import { Network } from '../network/network.js'
import { Settings } from '../network/settings.js'

/** The cursor is saved at least this often even when nothing of ours happens. Unit: ms. */
const CURSOR_EVERY_MS = 2_000

const cursorText = z.object({ key: z.array(z.string()).min(1), height: z.int() })

type HeadListener = (head: TipSet, step: HeadStep) => void

/**
 * Home's one view of the chain: follows the head through reorgs and restarts from a persisted cursor, and writes into the
 * message rows what it shows (executed, reverted, confirmed), in the transaction that moves the cursor. Decides nothing else.
 */
@Injectable()
export class ChainWatch {
  readonly #listeners = new Set<HeadListener>()
  readonly #abort = new AbortController()
  #head: TipSet | undefined
  #savedAt = 0
  #running: Promise<void> | undefined

  constructor(
    private readonly db: MinerDb,
    private readonly chain: ChainPort,
    private readonly messages: MessageStore,
    private readonly settings: Settings,
    private readonly network: Network,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
    private readonly health: Health,
  ) {}

  /** The newest tipset whose effects are in our rows; undefined until the chain was first heard. */
  get head(): TipSet | undefined {
    return this.#head
  }

  /** The same head. Throws MinerError NETWORK_UNKNOWN (`retry`) before the chain was first heard. */
  requireHead(): TipSet {
    if (this.#head === undefined)
      throw new MinerError({ code: 'NETWORK_UNKNOWN' }, 'the chain node has not answered yet')
    return this.#head
  }

  /** Called after each step's commit. Must return at once: the follower's pace is felt by the node. */
  onHead(listener: HeadListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#abort.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort
    const lamp = this.health.room('chain')
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        await this.network.ensure()
        const cursor = await this.#cursor()
        const follow = { chain: this.chain, signal, onUnknownCursor: 'head' as const }
        for await (const step of headFollower(cursor === undefined ? follow : { ...follow, cursor })) {
          await this.take(step)
          lamp.green()
          failures = 0
        }
      } catch (error) {
        if (signal.aborted) return
        if (remedyOf(error) === 'halt') return halt(error)
        lamp.red(error instanceof Error ? error.message : String(error))
        if (failures === 0) this.log.warn('chain not followed, will try again', { room: 'chain', error })
      }
      if (signal.aborted) return
      const pauseMs = backoffMs(failures, { baseMs: 250, capMs: 15_000, random: this.clock.random() })
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs)
        const ended = () => {
          clearTimeout(timer)
          resolve()
        }
        signal.addEventListener('abort', ended, { once: true })
      })
    }
  }

  /** One step of the head: reverts, then applies, then the new head. Safe to take twice. */
  async take(step: HeadStep): Promise<void> {
    const underWay = await this.messages.anyUnderWay()
    const seen: { tipSet: TipSet; includedEpoch: number; executed: Executed[] }[] = []
    if (underWay) {
      for (const tipSet of step.applies) {
        const executed = await this.#executedIn(tipSet)
        if (executed.length === 0) continue
        seen.push({ tipSet, executed, includedEpoch: await this.#parentEpoch(tipSet) })
      }
    }
    const { head } = step
    const now = this.clock.now()
    // Reverts are looked up by tipset key: cheap, and true also for messages that had settled.
    if (
      underWay ||
      step.first ||
      step.reverts.length > 0 ||
      now - this.#savedAt >= CURSOR_EVERY_MS ||
      this.#head === undefined
    ) {
      const taken = await writing(this.db, (trx) => this.#record(trx, step, seen))
      this.#savedAt = now
      for (const row of taken) this.#nonceTaken(row)
    }
    this.#head = head
    for (const listener of this.#listeners) listener(head, step)
  }

  async #record(
    trx: MinerTransaction,
    step: HeadStep,
    seen: readonly { tipSet: TipSet; includedEpoch: number; executed: readonly Executed[] }[],
  ): Promise<StoredMessage[]> {
    const taken: StoredMessage[] = []
    if (step.first) {
      // What happened between the last step and this one is not told: receipts may have left the chain unseen.
      const count = await this.messages.lostSight(trx)
      if (count > 0)
        this.log.warn('the chain was lost sight of, receipts are looked for anew', { messages: count })
    }
    for (const tipSet of step.reverts) {
      const count = await this.messages.revert(trx, tipSet.key)
      if (count > 0) this.log.warn('reorg took receipts back', { height: tipSet.height, messages: count })
    }
    for (const { tipSet, includedEpoch, executed } of seen) {
      const place = { tipset: tipSet.key, epoch: tipSet.height, includedEpoch }
      taken.push(...(await this.messages.executed(trx, place, executed)))
    }
    const settled = await this.messages.confirm(trx, step.head.height, this.network.confidence())
    for (const row of settled) {
      const facts = {
        class: row.class,
        nonce: row.nonce,
        cid: row.cid,
        exitCode: row.exit_code,
        epoch: row.included_epoch,
      }
      if (row.exit_code === 0) this.log.info('message confirmed', facts)
      else this.log.error('message executed with an error', facts)
    }
    await this.settings.set(trx, 'cursor', JSON.stringify({ key: step.head.key, height: step.head.height }))
    return taken
  }

  /** Messages that the state of this tipset has executed, from senders this database knows. */
  async #executedIn(tipSet: TipSet): Promise<Executed[]> {
    const [block] = tipSet.key
    if (block === undefined) return []
    const messages = await this.chain.parentMessages(block)
    if (messages.length === 0) return []
    const ours = new Set(await this.#senders())
    if (!messages.some(({ message }) => ours.has(message.from))) return []
    const receipts = await this.chain.parentReceipts(block)
    if (receipts.length !== messages.length) {
      throw new ChainError('MALFORMED', {
        text: `${messages.length} messages but ${receipts.length} receipts at ${tipSet.height}`,
      })
    }
    return messages.flatMap(({ cid, message }, at) => {
      const receipt = receipts[at]
      return receipt !== undefined && ours.has(message.from) ? [{ cid, message, receipt }] : []
    })
  }

  async #senders(): Promise<Address[]> {
    const rows = await this.db.selectFrom('senders').select('address').execute()
    return rows.map((row) => row.address as Address)
  }

  async #parentEpoch(tipSet: TipSet): Promise<number> {
    const parents = tipSet.blocks[0]?.parents ?? []
    return (await this.chain.tipSet(parents)).height
  }

  #nonceTaken(row: StoredMessage): void {
    this.log.error('messager: somebody else used our nonce', {
      from: row.from_address,
      nonce: row.nonce,
      class: row.class,
      uuid: row.uuid,
    })
    this.alerts.raise(
      'nonce-taken',
      `nonce ${row.nonce} of ${row.from_address} was used by a message that is not ours: is the key in another wallet?`,
    )
  }

  async #cursor(): Promise<{ key: TipSet['key']; height: ReturnType<typeof epoch> } | undefined> {
    const text = await this.settings.get('cursor')
    if (text === undefined) return undefined
    const { key, height } = cursorText.parse(JSON.parse(text))
    return { key: key.map(parseCid), height: epoch(height) }
  }
}
