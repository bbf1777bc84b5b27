import { Injectable } from '@nestjs/common'
import { postSnark, postVanilla } from '@sealane/jobs'
import { backoffMs } from '@sealane/sql'
import { Clock } from '../clock.js'
import { MinerActor } from '../network/miner-actor.js'
import { type PartitionRow, rowIdOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { PostClaims } from './post-claims.js'
import { VanillaStore } from './vanilla-store.js'
import { PostQueue } from './window-post-options.js'

/** Jobs of one turn are added again after this, growing to the cap: a queue may have been wiped, a worker may have died. Unit: ms. */
const JOB_AGAIN_BASE_MS = 2_000
const JOB_AGAIN_CAP_MS = 30_000
/** Proofs that did not verify before a person is called; reading goes on, slower. */
const MAX_SPOILS = 3
const SPOILED_AGAIN_MS = 30_000

/** Offers a row's work to the workers: hints on home's queues, again and again until somebody has delivered. Decides no state. */
@Injectable()
export class PostOffers {
  constructor(
    private readonly actor: MinerActor,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly claims: PostClaims,
    private readonly queue: PostQueue,
    private readonly clock: Clock,
  ) {}

  /** Adds the jobs of what is wanted, when their time has come. Returns how many sectors lie on no known path. */
  async vanillaOf(row: PartitionRow): Promise<number> {
    const id = rowIdOf(row)
    const paths = await this.vanilla.wantedByPath(id, row.turn)
    const wanted = (await this.vanilla.of(id, row.turn)).filter(({ state }) => state === 'wanted')
    const homed = new Set(
      [...paths.values()].flatMap((proofs) => proofs.map(({ sector_number }) => sector_number)),
    )
    const homeless = wanted.length - homed.size
    const now = this.clock.now()
    const spoiled =
      row.spoils >= MAX_SPOILS &&
      row.state === 'Collecting' &&
      now - (row.collecting_since_ms ?? now) < SPOILED_AGAIN_MS
    if (spoiled || (row.wake_at !== null && row.wake_at > now)) return homeless
    const claims = await this.claims.ofTurn(id, row.turn)
    const held = new Set(claims.filter(({ state }) => state === 'held').map(({ storage_id }) => storage_id))
    for (const path of paths.keys()) {
      // Not awaited: a queue that is away must not keep other partitions from being sent.
      if (!held.has(path)) void this.queue.hint(postVanilla(path), this.#job(row))
    }
    await this.#nextOffer(row, now)
    return homeless
  }

  /** Adds the job that joins what arrived into one SNARK, when its time has come. */
  async snarkOf(row: PartitionRow): Promise<void> {
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
  async renew(row?: string): Promise<void> {
    const miner = await this.actor.id()
    if (miner === undefined) return
    for (const open of await this.partitions.open(miner)) {
      if ((row === undefined || rowIdOf(open) === row) && open.wake_at !== null)
        await this.partitions.note(open, { wake_at: null })
    }
  }
}
