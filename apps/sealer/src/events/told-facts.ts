import type { Failure } from '@sealane/proto'
import type { Kysely } from 'kysely'
import type { SealerDb } from '../sealer-db.js'

/** How a PreCommit or ProveCommit request ended, as the miner last told. Neither landed nor lost: a reorg took it back. */
export interface ToldStep<Landed> {
  /** The request's turn; null when only a revert of an unknown request was told. */
  turn: number | null
  landed: Landed | null
  lost: Failure | null
}

export interface LandedPreCommit {
  messageCid: string
  preCommitEpoch: number
  seedEpoch: number
}

export interface ToldSeed {
  seedEpoch: number
  /** Hex. */
  seed: string
  preCommitEpoch: number
}

export interface LandedProveCommit {
  messageCid: string
  activationEpoch: number
  expiration: number
  deadline: number
  partition: number
  activeDeals: number[]
  inactiveDeals: number[]
}

/**
 * The miner's last word on each step of a sector. Kept beside the row, so that a fact that comes before the row can take it (an answer
 * that was lost, a held sector, a database restored from a backup) is taken when it can.
 */
export interface ToldFacts {
  preCommit: ToldStep<LandedPreCommit> | undefined
  seed: ToldSeed | undefined
  proveCommit: ToldStep<LandedProveCommit> | undefined
}

export async function readTold(db: Kysely<SealerDb>, sectorNumber: number): Promise<ToldFacts> {
  const rows = await db
    .selectFrom('told')
    .select(['what', 'fact'])
    .where('sector_number', '=', sectorNumber)
    .execute()
  const of = <What extends keyof ToldFacts>(what: What): ToldFacts[What] => {
    const row = rows.find((one) => one.what === what)
    return row === undefined ? undefined : (JSON.parse(row.fact) as ToldFacts[What])
  }
  return { preCommit: of('preCommit'), seed: of('seed'), proveCommit: of('proveCommit') }
}

/** Replaces the last word on one step; undefined forgets it. */
export async function keepTold<What extends keyof ToldFacts>(
  trx: Kysely<SealerDb>,
  sectorNumber: number,
  what: What,
  fact: ToldFacts[What],
): Promise<void> {
  if (fact === undefined) {
    await trx.deleteFrom('told').where('sector_number', '=', sectorNumber).where('what', '=', what).execute()
    return
  }
  const row = { sector_number: sectorNumber, what, fact: JSON.stringify(fact) }
  await trx
    .insertInto('told')
    .values(row)
    .onConflict((conflict) => conflict.columns(['sector_number', 'what']).doUpdateSet({ fact: row.fact }))
    .execute()
}
