import { randomUUID } from 'node:crypto'
import { Injectable } from '@nestjs/common'
import type { Address } from '@sealane/actors'
import type { workV1 } from '@sealane/proto'
import { writing } from '@sealane/sql'
import { type Selectable, sql } from 'kysely'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import { type KnownMiner, MinerActor } from '../network/miner-actor.js'
import { ProofCheck } from '../proofs/proof-check.js'
import { type PartitionRow, parseRowId, rowIdOf } from './partition-row.js'
import { PartitionStore } from './partition-store.js'
import { VanillaFiles } from './vanilla-files.js'
import { VanillaStore } from './vanilla-store.js'
import { WindowPostOptions } from './window-post-options.js'
import type { ClaimTable } from './window-post-tables.js'

export type Claim = Selectable<ClaimTable>

/**
 * Who may work on which turn of a row: one vanilla claim per storage path, one SNARK claim. The job that brought a worker here proves
 * nothing; the row decides, in the transaction that grants.
 */
@Injectable()
export class PostClaims {
  #regranted: Promise<unknown> | undefined

  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
    private readonly actor: MinerActor,
    private readonly proofs: ProofCheck,
    private readonly partitions: PartitionStore,
    private readonly vanilla: VanillaStore,
    private readonly files: VanillaFiles,
    private readonly options: WindowPostOptions,
  ) {}

  async grant(request: workV1.ClaimRequest): Promise<workV1.ClaimResponse> {
    const key = parseRowId(request.row)
    const miner = await this.actor.find()
    const { task } = request
    if (key === undefined || miner === undefined || (task !== 'post.vanilla' && task !== 'post.snark')) {
      return refused(`no row ${request.row} for ${task}`)
    }
    await this.#regrant()
    return await writing(this.db, async (trx) => {
      const row = await this.partitions.find(miner.address, key, trx)
      if (row === undefined || row.turn !== request.turn || row.done === 1)
        return refused('stale: the partition has moved on')
      const worker = await trx
        .selectFrom('workers')
        .select('prover')
        .where('worker_id', '=', request.workerId)
        .executeTakeFirst()
      if (worker === undefined) return refused('register first')
      this.proofs.allowProver(worker.prover)
      const storageId = task === 'post.vanilla' ? (request.storageIds[0] ?? '') : ''
      const claim: Claim = {
        claim_id: randomUUID(),
        row: rowIdOf(row),
        turn: row.turn,
        task,
        storage_id: storageId,
        worker_id: request.workerId,
        lease_until_ms: this.clock.now() + this.options.leaseMs,
        state: 'held',
        stage: '',
        fraction: 0,
      }
      const taken = await this.#taken(trx, claim)
      if (taken !== undefined) return refused(`taken by worker ${taken}`)
      const work =
        task === 'post.vanilla' ? await this.#vanillaWork(trx, row, claim) : await this.#snarkWork(trx, row)
      if (typeof work === 'string') return refused(work)
      await trx.insertInto('claims').values(claim).execute()
      return {
        claimId: claim.claim_id,
        reason: '',
        leaseMs: this.options.leaseMs,
        task: taskOf(miner, storageId, worker.prover, work),
      }
    })
  }

  /** At a start: claims that ran when this app went away get a whole lease to be heard of, as nobody could be heard meanwhile. */
  async #regrant(): Promise<void> {
    this.#regranted ??= this.db
      .updateTable('claims')
      .set({ lease_until_ms: this.clock.now() + this.options.leaseMs })
      .where('state', '=', sql.lit('held'))
      .execute()
      .catch((error: unknown) => {
        this.#regranted = undefined
        throw error
      })
    await this.#regranted
  }

  /** The worker that holds this work, undefined when nobody does any more. */
  async #taken(trx: MinerTransaction, claim: Claim): Promise<string | undefined> {
    const held = await trx
      .selectFrom('claims')
      .selectAll()
      .where('row', '=', claim.row)
      .where('turn', '=', claim.turn)
      .where('task', '=', claim.task)
      .where('storage_id', '=', claim.storage_id)
      .where('state', '=', sql.lit('held'))
      .executeTakeFirst()
    if (held === undefined) return undefined
    if (held.lease_until_ms > this.clock.now()) return held.worker_id
    await this.end(trx, held, 'expired')
    return undefined
  }

  async #vanillaWork(
    trx: MinerTransaction,
    row: PartitionRow,
    claim: Claim,
  ): Promise<workV1.Task['work'] | string> {
    const randomness =
      row.state === 'Collecting' ? row.randomness : row.state === 'Waiting' ? row.check_randomness : null
    if (randomness === null) return 'stale: nothing is read for this partition now'
    const sectors = (await this.vanilla.wantedByPath(claim.row, claim.turn, trx)).get(claim.storage_id)
    if (sectors === undefined) return 'nothing to read on this storage path'
    return {
      $case: 'postVanilla',
      value: {
        randomness,
        sectors: sectors.map(({ sector_number, comm_r }) => ({
          sectorNumber: sector_number,
          commR: comm_r,
          vanillaBytes: 0,
        })),
        closeEpoch: row.close,
        hubPath: this.files.deliveryHubPath(claim.row, claim.turn, claim.claim_id),
      },
    }
  }

  async #snarkWork(trx: MinerTransaction, row: PartitionRow): Promise<workV1.Task['work'] | string> {
    const { randomness, collect_turn: turn } = row
    if (row.state !== 'Proving' || randomness === null || turn === null)
      return 'stale: this partition waits for no proof'
    // Each good sector once, ascending: the verifier drops the repeats that stand in for skipped and faulty ones before it deals
    // sectors out to circuits, so a proof made with them would be of other inputs. Source: filecoin-ffi rust/src/proofs/helpers.rs
    // (a BTreeMap of replicas); the challenges do not depend on a partition's place in the message.
    const arrived = (await this.vanilla.of(rowIdOf(row), turn, trx)).filter(
      ({ state }) => state === 'arrived',
    )
    return {
      $case: 'postSnark',
      value: {
        randomness,
        sectors: arrived.map((proof) => ({
          sectorNumber: proof.sector_number,
          commR: proof.comm_r,
          vanillaBytes: proof.size_bytes ?? 0,
        })),
        // Each message proves one partition, which is its first.
        partition: 0,
        hubPath: this.files.winningHubPath(rowIdOf(row), turn),
      },
    }
  }

  async find(claimId: string, db: MinerDb | MinerTransaction = this.db): Promise<Claim | undefined> {
    return await db.selectFrom('claims').selectAll().where('claim_id', '=', claimId).executeTakeFirst()
  }

  /** Claims of a row's turn that are over without having been completed, and claims still held. */
  async ofTurn(row: string, turn: number): Promise<Claim[]> {
    return await this.db
      .selectFrom('claims')
      .selectAll()
      .where('row', '=', row)
      .where('turn', '=', turn)
      .execute()
  }

  /** Prolongs a claim and keeps what it says of its progress. False when it is over: the worker must stop. */
  async renew(request: workV1.HeartbeatRequest): Promise<boolean> {
    const miner = await this.actor.find()
    if (miner === undefined) return false
    return await writing(this.db, async (trx) => {
      const claim = await this.find(request.claimId, trx)
      if (claim === undefined || claim.state !== 'held' || claim.worker_id !== request.workerId) return false
      if ((await this.rowOf(trx, miner.address, claim)) === undefined) {
        await this.end(trx, claim, 'expired')
        return false
      }
      const { stage, fraction } = request
      await trx
        .updateTable('claims')
        .set({ lease_until_ms: this.clock.now() + this.options.leaseMs, stage, fraction })
        .where('claim_id', '=', claim.claim_id)
        .execute()
      return true
    })
  }

  /** The row a claim is for, when it still is at the claim's turn. */
  async rowOf(
    trx: MinerTransaction | MinerDb,
    miner: Address,
    claim: Claim,
  ): Promise<PartitionRow | undefined> {
    const key = parseRowId(claim.row)
    if (key === undefined) return undefined
    const row = await this.partitions.find(miner, key, trx)
    return row === undefined || row.turn !== claim.turn || row.done === 1 ? undefined : row
  }

  async end(trx: MinerTransaction, claim: Claim, state: 'done' | 'released' | 'expired'): Promise<void> {
    await trx.updateTable('claims').set({ state }).where('claim_id', '=', claim.claim_id).execute()
  }

  /** Ends claims nobody has been heard of; returns them, their work must be offered again. */
  async expire(): Promise<Claim[]> {
    await this.#regrant()
    const now = this.clock.now()
    const late = await this.db
      .selectFrom('claims')
      .selectAll()
      .where('state', '=', sql.lit('held'))
      .where('lease_until_ms', '<=', now)
      .execute()
    if (late.length === 0) return []
    return await writing(this.db, async (trx) => {
      const ended: Claim[] = []
      for (const claim of late) {
        const done = await trx
          .updateTable('claims')
          .set({ state: 'expired' })
          .where('claim_id', '=', claim.claim_id)
          .where('state', '=', sql.lit('held'))
          .where('lease_until_ms', '<=', now)
          .executeTakeFirst()
        if (done.numUpdatedRows === 1n) ended.push(claim)
      }
      return ended
    })
  }

  /**
   * Proofs that a claim brought to the hub before it was lost count: they are whole, and of this turn's randomness.
   * `heldToo`: time is up, what a claim still at work has brought counts as well. Returns how many were found.
   */
  async adoptDelivered(row: string, turn: number, o: { heldToo: boolean }): Promise<number> {
    const over = (await this.ofTurn(row, turn)).filter(
      ({ task, state }) => task === 'post.vanilla' && state !== 'done' && (o.heldToo || state !== 'held'),
    )
    if (over.length === 0) return 0
    const wanted = (await this.vanilla.of(row, turn)).filter(({ state }) => state === 'wanted')
    const found: { claim: Claim; sector: number; sizeBytes: number }[] = []
    for (const { sector_number: sector } of wanted) {
      for (const claim of over) {
        const sizeBytes = await this.files.delivered(row, turn, claim.claim_id, sector)
        if (sizeBytes !== undefined) found.push({ claim, sector, sizeBytes })
      }
    }
    if (found.length === 0) return 0
    await writing(this.db, async (trx) => {
      for (const { claim, sector, sizeBytes } of found)
        await this.vanilla.arrived(trx, claim, sector, sizeBytes)
    })
    return found.length
  }

  /** What claims that are over have left on the hub counts no more: it is read anew. */
  async forgetDelivered(trx: MinerTransaction, row: string, turn: number): Promise<void> {
    await trx
      .updateTable('claims')
      .set({ state: 'done' })
      .where('row', '=', row)
      .where('turn', '=', turn)
      .where('state', 'in', ['released', 'expired'])
      .execute()
  }
}

function taskOf(
  miner: KnownMiner,
  storageId: string,
  prover: string,
  work: workV1.Task['work'],
): workV1.Task {
  return { sectorNumber: 0, sectorSize: Number(miner.sectorSize), minerId: miner.id, storageId, prover, work }
}

function refused(reason: string): workV1.ClaimResponse {
  return { claimId: '', reason, leaseMs: 0, task: undefined }
}
