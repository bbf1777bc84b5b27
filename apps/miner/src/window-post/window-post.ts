import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { codeOf, Health, Log } from '@sealane/host'
import { writing } from '@sealane/sql'
import { Alerts } from '../alert/alerts.js'
import { ChainWatch } from '../chain-watch/chain-watch.js'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { RoomLoop } from '../loops/room-loop.js'
import { MessageStore } from '../messages/message-store.js'
import { MinerActor } from '../network/miner-actor.js'
import { Network } from '../network/network.js'
import { Collecting } from './collecting.js'
import { KnownFaults } from './known-faults.js'
import { LateAlarm } from './late-alarm.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { PartitionScan } from './partition-scan.js'
import { PartitionStore } from './partition-store.js'
import { PostClaims } from './post-claims.js'
import { type Duty, PostFacts } from './post-facts.js'
import { PostOffers } from './post-offers.js'
import { PostVerdict } from './post-verdict.js'
import { Recoveries } from './recoveries.js'
import { SectorHealth } from './sector-health.js'
import { SubmitPost } from './submit-post.js'
import { budgetSpent, LEAST_BUDGET_MS, longerBudgetMs } from './time-budget.js'
import { VanillaFiles } from './vanilla-files.js'
import { type VanillaProof, VanillaStore } from './vanilla-store.js'
import { WindowPostOptions } from './window-post-options.js'

/** Sectors that failed are read again this often, as long as there is hope. Unit: ms. */
const FAILED_AGAIN_MS = 10_000

/**
 * WindowPoSt of every partition: Waiting → Collecting → Proving → Proved → Submitted → Accepted. Each state is a row's, so that a
 * restart goes on where it was; workers make the proofs, the messager sends them. Epochs decide, not clocks: a late head loses nothing.
 */
@Injectable()
export class WindowPost {
  readonly #loop: RoomLoop
  /** Rows whose challenge must be compared with the chain's again. */
  #doubt = true
  /** Readings, `<row>/<turn>`, that this process has seen within their time budget. */
  readonly #inBudget = new Set<string>()
  readonly #startedMs: number

  constructor(
    private readonly db: MinerDb,
    private readonly watch: ChainWatch,
    private readonly network: Network,
    private readonly actor: MinerActor,
    private readonly messages: MessageStore,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly files: VanillaFiles,
    private readonly claims: PostClaims,
    private readonly facts: PostFacts,
    private readonly scan: PartitionScan,
    private readonly collecting: Collecting,
    private readonly posts: SubmitPost,
    private readonly recoveries: Recoveries,
    private readonly knownFaults: KnownFaults,
    private readonly sectorHealth: SectorHealth,
    private readonly offers: PostOffers,
    private readonly verdict: PostVerdict,
    private readonly alarm: LateAlarm,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: WindowPostOptions,
  ) {
    this.#startedMs = clock.now()
    this.#loop = new RoomLoop({
      room: 'window-post',
      log,
      health: health.room('window-post'),
      everyMs: 1_000,
      round: (signal) => this.round(signal),
    })
    this.watch.onHead((_head, step) => {
      if (step.reverts.length > 0) this.#doubt = true
      this.#loop.nudge()
    })
  }

  start(): void {
    this.#loop.start()
  }
  stop(): Promise<void> {
    return this.#loop.stop()
  }
  nudge(): void {
    this.#loop.nudge()
  }

  /** A claim ended without its work, or somebody new can do it: jobs are due now. `row` names one, undefined means all. */
  async offerAgain(row?: string): Promise<void> {
    await this.offers.renew(row)
    this.#loop.nudge()
  }

  /** One look at the chain and at every row that is not history. Rows do not hold each other up. */
  async round(signal?: AbortSignal): Promise<void> {
    const head = this.watch.head
    const miner = await this.actor.find()
    if (head === undefined || miner === undefined || this.network.known === undefined) return
    const doubted = this.#doubt
    // A reorg during this round sets it again.
    this.#doubt = false
    try {
      await this.#everyRow(miner.address, head, doubted, signal)
    } catch (error) {
      this.#doubt ||= doubted
      throw error
    }
  }

  async #everyRow(miner: Address, head: TipSet, doubted: boolean, signal?: AbortSignal): Promise<void> {
    if (doubted) {
      this.scan.forget()
      this.sectorHealth.doubt()
    }
    const failures: unknown[] = []
    // A node that cannot tell of one deadline must not hold up what is read and proven for another.
    await this.scan.scan(miner, head).catch((error: unknown) => failures.push(error))
    for (const claim of await this.claims.expire()) {
      this.log.warn('claim expired', {
        row: claim.row,
        task: claim.task,
        worker: claim.worker_id,
        storage: claim.storage_id,
      })
      await this.offerAgain(claim.row)
    }
    for (const row of await this.partitions.open(miner)) {
      if (signal?.aborted === true) return
      try {
        await this.#step(row, head, doubted)
      } catch (error) {
        // A worker's result moved the row meanwhile: the next round sees it.
        if (codeOf(error) !== 'STALE_TURN') failures.push(error)
        else {
          this.#doubt ||= doubted
          this.#loop.nudge()
        }
      }
    }
    try {
      await this.knownFaults.round(miner, head)
      await this.recoveries.round(miner, head)
      await this.sectorHealth.round(miner, head)
      await this.#retire(miner, head)
    } catch (error) {
      if (codeOf(error) !== 'STALE_TURN') failures.push(error)
    }
    if (failures.length > 0) throw failures[0]
  }

  async #step(row: PartitionRow, head: TipSet, doubted: boolean): Promise<void> {
    if (head.height >= row.close) {
      if (await this.verdict.closed(row, head)) await this.#followed(row, head)
      return
    }
    const challenged = row.state === 'Collecting' || row.state === 'Proving' || row.state === 'Proved'
    if (challenged && head.height <= row.challenge) {
      // The head is being caught up with after a restart, or a deep reorg is under way: there is no challenge to compare with yet.
      this.#doubt = true
      return
    }
    switch (row.state) {
      case 'Waiting':
        if (head.height >= row.challenge + this.options.challengeConfidenceEpochs)
          await this.#challenged(row, head)
        return
      case 'Collecting': {
        const current = doubted ? await this.posts.recheck(row, head) : row
        if (await this.verdict.provenElsewhere(current, head, doubted)) return
        await this.#collect(current, head)
        return
      }
      case 'Proving': {
        const current = doubted ? await this.posts.recheck(row, head) : row
        if (current.state === 'Proving') await this.#prove(current, head)
        else await this.#collect(current, head)
        return
      }
      case 'Proved': {
        const kept = doubted ? await this.posts.recheck(row, head) : row
        if (kept.state === 'Proved' && (await this.verdict.provenElsewhere(kept, head, true))) return
        const current = kept.state === 'Proved' ? await this.posts.submit(kept, head) : kept
        if (current.state === 'Collecting') await this.#collect(current, head)
        if (current.state === 'Proved') this.alarm.look(current, head)
        return
      }
      case 'Submitted':
        await this.#followed(row, head)
        return
      case 'Idle':
        // A reorg may have given it something to prove after all.
        if (doubted) await this.#challenged(row, head)
        return
      case 'Accepted':
        await this.verdict.stillAccepted(row)
        return
      case 'Missed':
        return
    }
  }

  // ---- reading ----------------------------------------------------------------------------------------------------

  async #challenged(row: PartitionRow, head: TipSet): Promise<void> {
    const duty = await this.facts.duty(row, head)
    if (duty.toProve.length === 0) {
      if (row.state === 'Idle') return
      await writing(this.db, (trx) =>
        this.partitions.move(trx, row, 'nothingToProve', { why: nothingToProve(duty) }),
      )
      return
    }
    const [randomness, sectors] = await Promise.all([
      this.facts.challenge(row.challenge, head),
      this.facts.commitments(row, duty.toProve, head),
    ])
    const begun = await writing(this.db, (trx) =>
      this.collecting.begin(trx, row, 'challenged', head.height, {
        randomness,
        allSectors: duty.allSectors,
        sectors,
      }),
    )
    this.log.info('partition challenged', {
      row: rowIdOf(row),
      sectors: sectors.length,
      open: row.open,
      close: row.close,
    })
    await this.#collect(begun, head)
  }

  async #collect(row: PartitionRow, head: TipSet): Promise<void> {
    const id = rowIdOf(row)
    const spent = this.#budgetSpent(row, head)
    if (!spent) this.#inBudget.add(`${id}/${row.turn}`)
    await this.claims.adoptDelivered(id, row.turn, { heldToo: spent })
    const proofs = await this.vanilla.of(id, row.turn)
    const wanted = proofs.filter(({ state }) => state === 'wanted')
    const arrived = proofs.filter(({ state }) => state === 'arrived')
    const missing = proofs.filter(({ state }) => state !== 'arrived')
    // A path that is away for minutes fails at once: what failed is worth another look while that costs no time, or for most sectors.
    const hopeful = this.#isEarly(row) || isFew(arrived, proofs.length)
    const over =
      (wanted.length === 0 && (missing.length === 0 || !hopeful)) ||
      (spent && (await this.#noLonger(row, head, arrived, proofs.length)))
    if (arrived.length > 0 && over) {
      await this.#collected(row, arrived, missing, head)
      return
    }
    this.alarm.look(row, head)
    if (hopeful) await this.#readAgain(row, missing)
    if (wanted.length === 0) {
      const why =
        arrived.length === 0
          ? 'no sector can be read'
          : `${missing.length} of ${proofs.length} sectors cannot be read`
      await this.partitions.note(row, { why: `${why}: ${missing[0]?.reason ?? ''}` })
      return
    }
    const unknown = await this.offers.vanillaOf(row)
    const why =
      unknown === 0
        ? `reads ${wanted.length} of ${proofs.length} sectors`
        : `no worker's storage path holds ${unknown} of ${proofs.length} sectors`
    await this.partitions.note(row, { why })
  }

  /**
   * The time is up: whether what is missing is skipped now. A skipped sector costs its power, so less than half of a partition is
   * waited for again while there is time, as is one whose time ran out while this app was away and could take nothing; and when the
   * first proofs come late, workers get a moment to bring the others.
   */
  async #noLonger(
    row: PartitionRow,
    head: TipSet,
    arrived: readonly VanillaProof[],
    all: number,
  ): Promise<boolean> {
    const now = this.clock.now()
    const away = !this.#inBudget.has(`${rowIdOf(row)}/${row.turn}`)
    if (away || isFew(arrived, all)) {
      const budgetMs = longerBudgetMs({
        elapsedMs: now - (row.collecting_since_ms ?? now),
        epochsLeft: row.close - head.height,
        blockDelayMs: this.network.require().blockDelaySeconds * 1_000,
      })
      if (budgetMs !== undefined) {
        this.log.warn('waits longer for vanilla proofs', {
          row: rowIdOf(row),
          arrived: arrived.length,
          of: all,
          budgetMs,
        })
        await this.partitions.note(row, { budget_ms: budgetMs })
        return false
      }
    }
    const firstMs = Math.max(this.#startedMs, Math.min(...arrived.map(({ at_ms }) => at_ms)))
    return now - firstMs >= Math.min(row.budget_ms ?? 0, LEAST_BUDGET_MS)
  }

  async #collected(
    row: PartitionRow,
    arrived: readonly VanillaProof[],
    missing: readonly VanillaProof[],
    head: TipSet,
  ): Promise<void> {
    const skipped = missing.map(({ sector_number }) => sector_number)
    const moved = await writing(this.db, (trx) =>
      this.partitions.move(trx, row, 'collected', { skipped: JSON.stringify(skipped) }),
    )
    if (skipped.length > 0) {
      const reasons = missing.map(
        (proof) => `${proof.sector_number}: ${proof.reason ?? 'not delivered in time'}`,
      )
      this.log.error('sectors skipped', {
        row: rowIdOf(row),
        sectors: skipped,
        reasons: reasons.slice(0, 20),
      })
      this.alerts.raise(
        'post-sectors-skipped',
        `deadline ${row.deadline}, partition ${row.partition}: ${skipped.length} of ${missing.length + arrived.length} sectors cannot be proven: ${reasons.slice(0, 3).join('; ')}`,
      )
    }
    await this.#prove(moved, head)
  }

  /** What failed may be on a path that is away: it is read again, from every path. */
  async #readAgain(row: PartitionRow, missing: readonly VanillaProof[]): Promise<void> {
    const failed = missing.filter(({ state }) => state === 'failed')
    if (failed.length === 0) return
    const newest = failed.reduce((latest, { at_ms }) => Math.max(latest, at_ms), 0)
    if (this.clock.now() - newest < FAILED_AGAIN_MS) return
    await writing(this.db, (trx) =>
      this.vanilla.wantAgain(
        trx,
        rowIdOf(row),
        row.turn,
        failed.map(({ sector_number }) => sector_number),
      ),
    )
    await this.offers.vanillaOf(row)
  }

  async #prove(row: PartitionRow, head: TipSet): Promise<void> {
    this.alarm.look(row, head)
    await this.offers.snarkOf(row)
  }

  async #followed(row: PartitionRow, head: TipSet): Promise<void> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message?.state === 'Confirmed') {
      await this.verdict.accept(row, {
        messageCid: message.cid ?? '',
        epoch: message.included_epoch ?? head.height,
      })
      return
    }
    const current = await this.posts.follow(row, head)
    if (current.state === 'Submitted') this.alarm.look(current, head)
    if (current.state === 'Collecting') await this.#collect(current, head)
  }

  /** The first half of the time budget: most of it lies before the deadline opens, when no proof could be sent yet. */
  #isEarly({ collecting_since_ms: since, budget_ms: budgetMs }: PartitionRow): boolean {
    return since !== null && budgetMs !== null && (this.clock.now() - since) * 2 < budgetMs
  }

  #budgetSpent(row: PartitionRow, head: TipSet): boolean {
    const { collecting_since_ms: since, collecting_epoch: startEpoch, budget_ms: budgetMs } = row
    if (since === null || startEpoch === null || budgetMs === null) return false
    const blockDelayMs = this.network.require().blockDelaySeconds * 1_000
    return budgetSpent({
      budgetMs,
      elapsedMs: this.clock.now() - since,
      startEpoch,
      headEpoch: head.height,
      close: row.close,
      blockDelayMs,
    })
  }

  /** After its period, a row's vanilla proofs go to the trash. */
  async #retire(miner: Address, head: TipSet): Promise<void> {
    const { policy } = this.network.require()
    for (const row of await this.partitions.unretired(miner, head.height)) {
      if (head.height < row.period_start + policy.provingPeriod) continue
      await this.files.retire(row)
      await writing(this.db, async (trx) => {
        await this.vanilla.forget(trx, rowIdOf(row))
        await this.partitions.note(row, { retired: 1 }, trx)
      })
      for (const reading of this.#inBudget)
        if (reading.startsWith(`${rowIdOf(row)}/`)) this.#inBudget.delete(reading)
    }
  }
}

function nothingToProve(duty: Duty): string {
  return duty.allSectors.length === 0
    ? 'no live sector'
    : 'all sectors are faulty and none is declared recovered'
}

/** Less than half of a partition: skipping the others would cost more than their waiting. */
function isFew(arrived: readonly VanillaProof[], all: number): boolean {
  return arrived.length * 2 < all
}
