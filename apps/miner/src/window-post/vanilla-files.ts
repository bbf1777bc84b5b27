import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Injectable } from '@nestjs/common'
import { trash } from '@sealane/host'
import { Clock } from '../clock.js'
import { MinerDb } from '../database.js'
import { type PartitionRow, parseRowId, rowIdOf } from './partition-row.js'
import { WindowPostOptions } from './window-post-options.js'

/** Ten challenges of one sector with their Merkle paths are about 25 KB for 32GiB; far above that. Unit: bytes. */
const MAX_VANILLA_BYTES = 4 * 1024 * 1024

/** `/post/<periodStart>/<deadline>/<partition>/<turn>/<claim>/<sector>`: what a claim delivers. */
const deliveryPath = /^\/post\/(-?\d{1,15}\/\d{1,3}\/\d{1,9})\/(\d{1,9})\/([0-9a-f-]{36})\/(\d{1,15})$/
/** `/post/<periodStart>/<deadline>/<partition>/<turn>/<sector>`: the proof that counts. */
const winningPath = /^\/post\/(-?\d{1,15}\/\d{1,3}\/\d{1,9})\/(\d{1,9})\/(\d{1,15})$/

/**
 * Where vanilla proofs lie: `<state_dir>/hub/post/<row>/<turn>/<claim>/<sector>`. Each claim has a directory of its own, and a path is
 * only ever made of names that the database knows.
 */
@Injectable()
export class VanillaFiles {
  constructor(
    private readonly db: MinerDb,
    private readonly clock: Clock,
    private readonly options: WindowPostOptions,
  ) {}

  /** What a worker puts its claim's proofs under, followed by `/<sector>`. */
  deliveryHubPath(row: string, turn: number, claimId: string): string {
    return `/post/${row}/${turn}/${claimId}`
  }

  /** What the SNARK's maker fetches, followed by `/<sector>`. */
  winningHubPath(row: string, turn: number): string {
    return `/post/${row}/${turn}`
  }

  /** The file behind a GET. */
  async find(requestPath: string): Promise<string | undefined> {
    const match = winningPath.exec(requestPath)
    if (match === null) return undefined
    const [, row = '', turn, sector] = match
    const proof = await this.db
      .selectFrom('vanilla_proofs')
      .select(['row', 'turn', 'sector_number', 'claim_id'])
      .where('row', '=', row)
      .where('turn', '=', Number(turn))
      .where('sector_number', '=', Number(sector))
      .where('state', '=', 'arrived')
      .executeTakeFirst()
    if (proof === undefined || proof.claim_id === null) return undefined
    return this.#path(proof.row, proof.turn, proof.claim_id, proof.sector_number)
  }

  /** Where a PUT may be written: only for a claim that is held, and a sector that it was given. */
  async receive(requestPath: string): Promise<{ path: string; maxBytes: number } | undefined> {
    const match = deliveryPath.exec(requestPath)
    if (match === null) return undefined
    const [, row = '', turn, claimId = '', sector] = match
    const claim = await this.db
      .selectFrom('claims')
      .innerJoin('vanilla_proofs', (join) =>
        join.onRef('vanilla_proofs.row', '=', 'claims.row').onRef('vanilla_proofs.turn', '=', 'claims.turn'),
      )
      .select(['claims.row', 'claims.turn', 'claims.claim_id', 'vanilla_proofs.sector_number'])
      .where('claims.claim_id', '=', claimId)
      .where('claims.state', '=', 'held')
      .where('claims.row', '=', row)
      .where('claims.turn', '=', Number(turn))
      .where('vanilla_proofs.sector_number', '=', Number(sector))
      .executeTakeFirst()
    if (claim === undefined) return undefined
    return {
      path: this.#path(claim.row, claim.turn, claim.claim_id, claim.sector_number),
      maxBytes: MAX_VANILLA_BYTES,
    }
  }

  /** Size of what a claim delivered for a sector, undefined when it did not. Unit: bytes. */
  async delivered(row: string, turn: number, claimId: string, sector: number): Promise<number | undefined> {
    try {
      const file = await stat(this.#path(row, turn, claimId, sector))
      return file.isFile() ? file.size : undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Moves a closed row's proofs to the trash. */
  async retire(row: PartitionRow): Promise<void> {
    const path = join(this.#root(), directoryOf(rowIdOf(row)))
    const { stateDir } = this.options
    await trash(
      stateDir,
      path,
      `vanilla proofs of ${rowIdOf(row)}, closed at epoch ${row.close}`,
      new Date(this.clock.now()),
    )
  }

  #root(): string {
    return join(this.options.stateDir, 'hub', 'post')
  }

  #path(row: string, turn: number, claimId: string, sector: number): string {
    return join(this.#root(), directoryOf(row), String(turn), claimId, String(sector))
  }
}

function directoryOf(row: string): string {
  const key = parseRowId(row)
  if (key === undefined) throw new TypeError(`${row} names no partition`)
  return `${key.periodStart}_${key.deadline}_${key.partition}`
}
