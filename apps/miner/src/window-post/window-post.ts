import { Injectable } from '@nestjs/common'
import { type Address, deadlineInfo, nextNotElapsed } from '@sealane/actors'
import type { TipSet } from '@sealane/chain'
import { epoch } from '@sealane/fil-units'
import { codeOf, Health, Log } from '@sealane/host'
import { postSnark, postVanilla } from '@sealane/jobs'
import type { PartitionEvent } from '@sealane/lifecycle'
import { backoffMs, writing } from '@sealane/sql'
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
import { type PartitionRow, rowIdOf, sectorsOf } from './partition-row.js'
import { PartitionScan } from './partition-scan.js'
import { PartitionStore } from './partition-store.js'
import { PostClaims } from './post-claims.js'
import { type Duty, PostFacts } from './post-facts.js'
import { Recoveries } from './recoveries.js'
import { SectorHealth } from './sector-health.js'
import { SubmitPost } from './submit-post.js'
import { budgetSpent } from './time-budget.js'
import { VanillaFiles } from './vanilla-files.js'
import { type VanillaProof, VanillaStore } from './vanilla-store.js'
import { PostQueue, WindowPostOptions } from './window-post-options.js'

/** Jobs of one turn are added again after this, growing to the cap: a queue may have been wiped, a worker may have died. Unit: ms. */
const JOB_AGAIN_BASE_MS = 2_000
const JOB_AGAIN_CAP_MS = 30_000
/** A partition of which nothing at all can be read is tried again this often. Unit: ms. */
const ALL_FAILED_AGAIN_MS = 10_000
/** Proofs that did not verify before a person is called; reading goes on, slower. */
const MAX_SPOILS = 3
const SPOILED_AGAIN_MS = 30_000

/**
 * WindowPoSt of every partition: Waiting → Collecting → Proving → Proved → Submitted → Accepted. Each state is a row's, so that a
 * restart goes on where it was; workers make the proofs, the messager sends them. Epochs decide, not clocks: a late head loses nothing.
 */
@Injectable()
export class WindowPost {
  readonly #loop: RoomLoop
  /** Rows whose challenge must be compared with the chain's again. */
  #doubt = true
  /** Closed rows whose next duty is a row already. */
  readonly #planned = new Set<string>()

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
    private readonly queue: PostQueue,
    private readonly alerts: Alerts,
    private readonly clock: Clock,
    private readonly log: Log,
    health: Health,
    private readonly options: WindowPostOptions,
  ) {
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

  /** One look at the chain and at every row that is not history. Rows do not hold each other up. */
  async round(signal?: AbortSignal): Promise<void> {
    const head = this.watch.head
    const miner = await this.actor.find()
    if (head === undefined || miner === undefined || this.network.known === undefined) return
    const doubted = this.#doubt
    // A reorg during this round sets it again.
    this.#doubt = false
    if (doubted) {
      this.scan.forget()
      this.sectorHealth.doubt()
    }
    await this.scan.scan(miner.address, head)
    for (const claim of await this.claims.expire()) {
      this.log.warn('claim expired', {
        row: claim.row,
        task: claim.task,
        worker: claim.worker_id,
        storage: claim.storage_id,
      })
      await this.offerAgain(claim.row)
    }
    const failures: unknown[] = []
    for (const row of await this.partitions.open(miner.address)) {
      if (signal?.aborted === true) return
      try {
        await this.#step(row, head, doubted)
      } catch (error) {
        // A worker's result moved the row meanwhile: the next round sees it.
        if (codeOf(error) === 'STALE_TURN') this.#loop.nudge()
        else failures.push(error)
      }
    }
    try {
      await this.knownFaults.round(miner.address, head, (row) => this.#offerVanilla(row))
      await this.recoveries.round(miner.address, head, (row) => this.#offerVanilla(row))
      await this.sectorHealth.round(miner.address, head)
      await this.#retire(miner.address, head)
    } catch (error) {
      if (codeOf(error) !== 'STALE_TURN') failures.push(error)
    }
    if (failures.length === 0) return
    this.#doubt ||= doubted
    throw failures[0]
  }

  async #step(row: PartitionRow, head: TipSet, doubted: boolean): Promise<void> {
    if (head.height >= row.close) {
      await this.#closed(row, head)
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
        if (await this.#provenElsewhere(current, head, doubted)) return
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
        if (kept.state === 'Proved' && (await this.#provenElsewhere(kept, head, true))) return
        const current = kept.state === 'Proved' ? await this.posts.submit(kept, head) : kept
        if (current.state === 'Collecting') await this.#collect(current, head)
        if (current.state === 'Proved') this.#alarmLate(current, head)
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
        await this.#stillAccepted(row)
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
    await this.claims.adoptDelivered(id, row.turn, { heldToo: spent })
    const proofs = await this.vanilla.of(id, row.turn)
    const wanted = proofs.filter(({ state }) => state === 'wanted')
    const arrived = proofs.filter(({ state }) => state === 'arrived')
    const missing = proofs.filter(({ state }) => state !== 'arrived')
    if (arrived.length > 0 && (wanted.length === 0 || spent)) {
      await this.#collected(row, arrived, missing, head)
      return
    }
    this.#alarmLate(row, head)
    if (wanted.length === 0) {
      await this.#allFailed(row, missing)
      return
    }
    const unknown = await this.#offerVanilla(row)
    const why =
      unknown === 0
        ? `reads ${wanted.length} of ${proofs.length} sectors`
        : `no worker's storage path holds ${unknown} of ${proofs.length} sectors`
    await this.partitions.note(row, { why })
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

  /** Nothing could be read: skipping everything proves nothing, so it is tried again until Close. */
  async #allFailed(row: PartitionRow, failed: readonly VanillaProof[]): Promise<void> {
    const newest = Math.max(...failed.map(({ at_ms }) => at_ms))
    await this.partitions.note(row, { why: `no sector can be read: ${failed[0]?.reason ?? ''}` })
    if (this.clock.now() - newest < ALL_FAILED_AGAIN_MS) return
    await writing(this.db, (trx) =>
      this.vanilla.wantAgain(
        trx,
        rowIdOf(row),
        row.turn,
        failed.map(({ sector_number }) => sector_number),
      ),
    )
    await this.#offerVanilla(row)
  }

  /** Adds the jobs of what is wanted, when their time has come. Returns how many sectors lie on no known path. */
  async #offerVanilla(row: PartitionRow): Promise<number> {
    const id = rowIdOf(row)
    const paths = await this.vanilla.wantedByPath(id, row.turn)
    const wanted = (await this.vanilla.of(id, row.turn)).filter(({ state }) => state === 'wanted')
    const homed = new Set(
      [...paths.values()].flatMap((proofs) => proofs.map(({ sector_number }) => sector_number)),
    )
    const now = this.clock.now()
    if (
      row.spoils >= MAX_SPOILS &&
      row.state === 'Collecting' &&
      now - (row.collecting_since_ms ?? now) < SPOILED_AGAIN_MS
    )
      return wanted.length - homed.size
    if (row.wake_at !== null && row.wake_at > now) return wanted.length - homed.size
    const claims = await this.claims.ofTurn(id, row.turn)
    const held = new Set(claims.filter(({ state }) => state === 'held').map(({ storage_id }) => storage_id))
    for (const path of paths.keys()) {
      // Not awaited: a queue that is away must not keep other partitions from being sent.
      if (!held.has(path)) void this.queue.hint(postVanilla(path), this.#job(row))
    }
    await this.#nextOffer(row, now)
    return wanted.length - homed.size
  }

  // ---- proving ----------------------------------------------------------------------------------------------------

  async #prove(row: PartitionRow, head: TipSet): Promise<void> {
    this.#alarmLate(row, head)
    const now = this.clock.now()
    if (row.wake_at !== null && row.wake_at > now) return
    const held = (await this.claims.ofTurn(rowIdOf(row), row.turn)).some(({ state }) => state === 'held')
    if (!held) void this.queue.hint(postSnark, this.#job(row))
    await this.#nextOffer(row, now)
  }

  #job(row: PartitionRow) {
    const { miner, period_start: periodStart, deadline, partition, turn, tries } = row
    return { miner, periodStart, deadline, partition, turn, tries }
  }

  async #nextOffer(row: PartitionRow, now: number): Promise<void> {
    const pauseMs = backoffMs(row.tries, {
      baseMs: JOB_AGAIN_BASE_MS,
      capMs: JOB_AGAIN_CAP_MS,
      random: this.clock.random(),
    })
    await this.partitions.note(row, { tries: row.tries + 1, wake_at: now + pauseMs })
  }

  /** A claim ended without its work, or somebody new can do it: jobs are due now. `row` names one, undefined means all. */
  async offerAgain(row?: string): Promise<void> {
    const miner = await this.actor.id()
    if (miner === undefined) return
    for (const open of await this.partitions.open(miner)) {
      if ((row === undefined || rowIdOf(open) === row) && open.wake_at !== null)
        await this.partitions.note(open, { wake_at: null })
    }
    this.#loop.nudge()
  }

  // ---- the chain's verdict ----------------------------------------------------------------------------------------

  async #followed(row: PartitionRow, head: TipSet): Promise<void> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message?.state === 'Confirmed') {
      await this.#accept(row, { messageCid: message.cid ?? '', epoch: message.included_epoch ?? head.height })
      return
    }
    const current = await this.posts.follow(row, head)
    if (current.state === 'Submitted') this.#alarmLate(current, head)
    if (current.state === 'Collecting') await this.#collect(current, head)
  }

  /** A proof that this database knows nothing of (a restored backup, a second miner): nothing is sent twice. */
  async #provenElsewhere(row: PartitionRow, head: TipSet, look: boolean): Promise<boolean> {
    if (head.height <= row.open || (!look && head.height % ELSEWHERE_EVERY_EPOCHS !== 0)) return false
    const proven = await this.facts.proven(row, head)
    if (proven === 'no') return false
    if (proven === 'seen') {
      await this.partitions.note(row, {
        why: 'the chain already has a proof of it; waits until that is believed',
      })
      return true
    }
    await this.#acceptUnknown(row, head)
    return true
  }

  /** The chain shows a proof of this period that is no message of ours: what it covers is read from the chain too. */
  async #acceptUnknown(row: PartitionRow, head: TipSet): Promise<void> {
    const at = await this.facts.before(row.close, head)
    const { toProve } = await this.facts.duty(row, at)
    await this.#accept(row, { messageCid: '', epoch: at.height, covered: toProve })
  }

  async #accept(
    row: PartitionRow,
    o: { messageCid: string; epoch: number; covered?: readonly number[] },
  ): Promise<void> {
    const skipped = new Set(sectorsOf(row.skipped))
    const covered = o.covered ?? sectorsOf(row.to_prove).filter((sector) => !skipped.has(sector))
    await writing(this.db, async (trx) => {
      await this.partitions.move(trx, row, 'accepted', {
        message_cid: o.messageCid === '' ? row.message_cid : o.messageCid,
        proven_epoch: o.epoch,
      })
      await this.sectorHealth.proven(trx, { sectors: covered, messageCid: o.messageCid, epoch: o.epoch })
    })
    this.sectorHealth.doubt()
    this.log.info('partition proven', {
      row: rowIdOf(row),
      sectors: covered.length,
      skipped: skipped.size,
      cid: o.messageCid,
      epoch: o.epoch,
    })
  }

  async #stillAccepted(row: PartitionRow): Promise<void> {
    const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
    if (message === undefined || message.cid !== row.message_cid || message.settled === 1) return
    this.log.warn('accepted proof reverted', { row: rowIdOf(row), cid: message.cid })
    await writing(this.db, (trx) =>
      this.partitions.move(trx, row, 'reverted', {
        proven_epoch: null,
        why: 'a reorg took its message back',
      }),
    )
  }

  async #closed(row: PartitionRow, head: TipSet): Promise<void> {
    await this.#planNext(row, head)
    // Kept in sight for one more window: a reorg may take a proof back, or bring one.
    const past = head.height >= row.close + (row.close - row.open)
    switch (row.state) {
      case 'Accepted':
        await this.#stillAccepted(row)
        if (past) await this.partitions.note(row, { done: 1 })
        return
      case 'Idle':
        if (past) await this.partitions.note(row, { done: 1 })
        return
      case 'Missed': {
        // Believed late: a reorg may have brought a proof back in.
        const proven = await this.facts.proven(row, head)
        const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
        if (message?.state === 'Confirmed') {
          await this.#accept(row, {
            messageCid: message.cid ?? '',
            epoch: message.included_epoch ?? row.close - 1,
          })
        } else if (proven !== 'no') await this.#acceptUnknown(row, head)
        else if (past) await this.partitions.note(row, { done: 1 })
        return
      }
      case 'Submitted': {
        const message = row.message_uuid === null ? undefined : await this.messages.byUuid(row.message_uuid)
        if (message?.state === 'Confirmed' || message?.state === 'Included') {
          if (message.exit_code === 0) {
            await this.#followed(row, head)
            return
          }
        }
        await this.posts.withdraw(row, 'its deadline has closed')
        await this.#missed(row, head, message?.why ?? `its message was ${message?.state ?? 'lost'}`)
        return
      }
      default: {
        if ((await this.facts.proven(row, head)) !== 'no') {
          await this.#acceptUnknown(row, head)
          return
        }
        await this.#missed(
          row,
          head,
          row.why ?? (row.state === 'Waiting' ? 'this app did not see its deadline' : `it was ${row.state}`),
        )
      }
    }
  }

  async #missed(row: PartitionRow, head: TipSet, why: string): Promise<void> {
    const idle = row.state === 'Waiting' && (await this.#hadNothingToProve(row, head))
    const event: PartitionEvent = idle ? 'nothingToProve' : 'closed'
    await writing(this.db, (trx) =>
      this.partitions.move(trx, row, event, { why: idle ? 'nothing to prove' : why }),
    )
    this.sectorHealth.doubt()
    if (idle) return
    const text = `WindowPoSt missed: deadline ${row.deadline}, partition ${row.partition} (${sectorsOf(row.all_sectors).length} sectors) closed at epoch ${row.close} unproven: ${why}`
    this.log.error('WindowPoSt missed', { row: rowIdOf(row), close: row.close, why })
    this.alerts.raise('post-missed', text)
  }

  async #hadNothingToProve(row: PartitionRow, head: TipSet): Promise<boolean> {
    const at = await this.facts.before(row.close, head)
    return (await this.facts.duty(row, at)).toProve.length === 0
  }

  /** Its next duty becomes a row as soon as it closes, so that nothing passes unseen while this app is down. */
  async #planNext(row: PartitionRow, head: TipSet): Promise<void> {
    if (this.#planned.has(rowIdOf(row))) return
    const { policy } = this.network.require()
    const { allSectors } = await this.facts.duty(row, head)
    const at = deadlineInfo(policy, epoch(row.period_start), row.deadline, head.height)
    const next = { miner: row.miner as Address, info: nextNotElapsed(policy, at), partition: row.partition }
    if (allSectors.length > 0) await this.partitions.plan({ ...next, allSectors })
    if (this.#planned.size > 10_000) this.#planned.clear()
    this.#planned.add(rowIdOf(row))
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
    }
  }

  // ---- time -------------------------------------------------------------------------------------------------------

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

  /** Half of the time is gone and the proof is not accepted: somebody should look. */
  #alarmLate(row: PartitionRow, head: TipSet): void {
    const { collecting_since_ms: since, budget_ms: budgetMs } = row
    if (row.alarmed === 1 || since === null || budgetMs === null) return
    const elapsedMs = this.clock.now() - since
    const halfWindow = head.height >= row.open + (row.close - row.open) / 2
    if (elapsedMs < budgetMs / 2 || (row.state !== 'Collecting' && !halfWindow)) return
    void this.partitions
      .note(row, { alarmed: 1 })
      .catch((error: unknown) => this.log.warn('alarm not noted', { row: rowIdOf(row), error }))
    this.alerts.raise(
      'post-half-time',
      `WindowPoSt of deadline ${row.deadline}, partition ${row.partition} is still ${row.state} after half its time (closes at epoch ${row.close}, now ${head.height}): ${row.why ?? ''}`,
    )
  }
}

/** While reading, the chain is asked this often whether somebody else has proven the partition. Unit: epochs. */
const ELSEWHERE_EVERY_EPOCHS = 10

function nothingToProve(duty: Duty): string {
  return duty.allSectors.length === 0
    ? 'no live sector'
    : 'all sectors are faulty and none is declared recovered'
}
