import { join } from 'node:path'
import { type Health, type Identity, type Log, liveIdentity, mkdirDurable } from '@sealane/host'
import { type HeldLock, holdLock, migrate, type Outbox, openDatabase, openOutbox } from '@sealane/sql'
import type { Kysely } from 'kysely'
import { Leases } from '../claims/leases.js'
import type { SealerSettings } from '../config.js'
import { dirsOf } from '../hub/hub-paths.js'
import { retireLeftovers } from '../hub/retire-leftovers.js'
import { PieceStore } from '../intake/piece-store.js'
import { migrations } from '../migrations/index.js'
import { SectorStore } from '../pipeline/sector-store.js'
import type { SealerDb } from '../sealer-db.js'
import { begin } from './begin.js'

/** What a coordinator opens before anything runs. */
export interface Opened {
  lock: HeldLock
  db: Kysely<SealerDb>
  leases: Leases
  coordinatorEpoch: number
  outbox: Outbox
  sectors: SectorStore
  pieces: PieceStore
  tls: Identity
}

/** Takes the state directory (one coordinator each: SqlError LOCKED, `halt`), brings its database up to date and tidies what a killed process left. */
export async function openState(settings: SealerSettings, log: Log, health: Health): Promise<Opened> {
  const stateDir = settings.paths.state_dir
  const tls = liveIdentity(settings.tls.dir, 'sealer', { health, log })
  await mkdirDurable(stateDir, 0o700)
  const lock = holdLock(join(stateDir, 'sealer.lock'))
  try {
    const db = await openDatabase<SealerDb>(`sqlite:${join(stateDir, 'sealer.db')}`)
    await migrate(db, migrations)
    const leases = new Leases(settings.work.lease)
    const { coordinatorEpoch } = await begin(db, settings, leases)
    // Nobody needs them gone: a disk that cannot be written stops whoever must write.
    await retireLeftovers(db, dirsOf(stateDir)).catch((error: unknown) =>
      log.warn('leftovers on the hub not moved', { error }),
    )
    const outbox = await openOutbox(db, { name: 'sealer', now: Date.now() })
    const sectors = new SectorStore(db, outbox)
    const pieces = new PieceStore(db, outbox)
    return { lock, db, leases, coordinatorEpoch, outbox, sectors, pieces, tls }
  } catch (error) {
    lock.release()
    throw error
  }
}
