import { Injectable } from '@nestjs/common'
import type { Selectable } from 'kysely'
import { Clock } from '../clock.js'
import { MinerDb, type MinerTransaction } from '../database.js'
import type { VanillaTable } from './window-post-tables.js'

export type VanillaProof = Selectable<VanillaTable>

/** A sector is read at most this often for failures that may pass by themselves. */
const MAX_TRIES = 3
const ROWS_AT_ONCE = 1_000

/** Which vanilla proofs a turn of a row wants, and what became of each. */
@Injectable()
export class VanillaStore {
  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
  ) {}

  async want(
    trx: MinerTransaction,
    row: string,
    turn: number,
    sectors: readonly { sectorNumber: number; commR: Uint8Array }[],
  ): Promise<void> {
    const at_ms = this.clock.now()
    for (let at = 0; at < sectors.length; at += ROWS_AT_ONCE) {
      await trx
        .insertInto('vanilla_proofs')
        .values(
          sectors.slice(at, at + ROWS_AT_ONCE).map(({ sectorNumber, commR }) => ({
            row,
            turn,
            sector_number: sectorNumber,
            comm_r: commR,
            state: 'wanted' as const,
            tries: 0,
            tried: '[]',
            at_ms,
          })),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    }
  }

  /** All of a turn, ascending by sector. */
  async of(row: string, turn: number, db: MinerDb | MinerTransaction = this.db): Promise<VanillaProof[]> {
    return await db
      .selectFrom('vanilla_proofs')
      .selectAll()
      .where('row', '=', row)
      .where('turn', '=', turn)
      .orderBy('sector_number')
      .execute()
  }

  /** Wanted sectors with the paths that hold them and have not failed yet. */
  async wantedByPath(
    row: string,
    turn: number,
    db: MinerDb | MinerTransaction = this.db,
  ): Promise<Map<string, VanillaProof[]>> {
    const found = await db
      .selectFrom('vanilla_proofs')
      .innerJoin('stored_sectors', 'stored_sectors.sector_number', 'vanilla_proofs.sector_number')
      .selectAll('vanilla_proofs')
      .select('stored_sectors.storage_id as path')
      .where('row', '=', row)
      .where('turn', '=', turn)
      .where('state', '=', 'wanted')
      .orderBy('vanilla_proofs.sector_number')
      .execute()
    const paths = new Map<string, VanillaProof[]>()
    for (const { path, ...proof } of found) {
      if (tried(proof).includes(path)) continue
      const list = paths.get(path)
      if (list === undefined) paths.set(path, [proof])
      else list.push(proof)
    }
    return paths
  }

  async arrived(
    trx: MinerTransaction,
    claim: { row: string; turn: number; claim_id: string; storage_id: string },
    sector: number,
    sizeBytes: number,
  ): Promise<void> {
    const { row, turn, claim_id, storage_id } = claim
    await trx
      .updateTable('vanilla_proofs')
      .set({
        state: 'arrived',
        claim_id,
        storage_id,
        size_bytes: sizeBytes,
        reason: null,
        at_ms: this.clock.now(),
      })
      .where('row', '=', row)
      .where('turn', '=', turn)
      .where('sector_number', '=', sector)
      .where('state', '!=', 'arrived')
      .execute()
  }

  /** A path could not read a sector. It failed for good when no other path holds it; what may pass by itself is tried again. */
  async failedOn(
    trx: MinerTransaction,
    claim: { row: string; turn: number; storage_id: string },
    o: { sector: number; reason: string; mayPass: boolean },
  ): Promise<void> {
    const proof = await trx
      .selectFrom('vanilla_proofs')
      .selectAll()
      .where('row', '=', claim.row)
      .where('turn', '=', claim.turn)
      .where('sector_number', '=', o.sector)
      .executeTakeFirst()
    if (proof === undefined || proof.state !== 'wanted') return
    const tries = proof.tries + 1
    const again = o.mayPass && tries < MAX_TRIES
    const paths = again ? tried(proof) : [...new Set([...tried(proof), claim.storage_id])]
    const homes = await trx
      .selectFrom('stored_sectors')
      .select('storage_id')
      .where('sector_number', '=', o.sector)
      .execute()
    const left = homes.some(({ storage_id }) => !paths.includes(storage_id))
    await trx
      .updateTable('vanilla_proofs')
      .set({
        state: left ? 'wanted' : 'failed',
        tries,
        tried: JSON.stringify(paths),
        reason: o.reason,
        at_ms: this.clock.now(),
      })
      .where('row', '=', claim.row)
      .where('turn', '=', claim.turn)
      .where('sector_number', '=', o.sector)
      .execute()
  }

  /** Wants failed ones again, from every path. */
  async wantAgain(
    trx: MinerTransaction,
    row: string,
    turn: number,
    sectors: readonly number[],
  ): Promise<void> {
    for (const sector of sectors) {
      await trx
        .updateTable('vanilla_proofs')
        .set({
          state: 'wanted',
          tries: 0,
          tried: '[]',
          claim_id: null,
          size_bytes: null,
          at_ms: this.clock.now(),
        })
        .where('row', '=', row)
        .where('turn', '=', turn)
        .where('sector_number', '=', sector)
        .execute()
    }
  }

  /** Forgets a row's reading: its files are in the trash. */
  async forget(trx: MinerTransaction, row: string): Promise<void> {
    await trx.deleteFrom('vanilla_proofs').where('row', '=', row).execute()
    await trx.deleteFrom('claims').where('row', '=', row).execute()
  }

  /**
   * Why the newest reading of a sector for a proof brought nothing, undefined when it did, or there was none. Readings under turn 0, of
   * rows that still wait for their challenge, are checks before a recovery: they come later and say nothing about the fault.
   */
  async whyUnread(sector: number): Promise<string | undefined> {
    const proof = await this.db
      .selectFrom('vanilla_proofs')
      .select(['state', 'reason'])
      .where('sector_number', '=', sector)
      .where('turn', '>', 0)
      .orderBy('at_ms', 'desc')
      .limit(1)
      .executeTakeFirst()
    if (proof === undefined || proof.state === 'arrived') return undefined
    return proof.reason ?? 'no worker delivered its vanilla proof in time'
  }
}

function tried(proof: { tried: string }): string[] {
  return JSON.parse(proof.tried) as string[]
}
