import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { trash } from '@sealane/host'
import type { Kysely } from 'kysely'
import type { SealerDb } from '../sealer-db.js'
import { c1Dir, claimOfC1, type Dirs, unsealedDir } from './hub-paths.js'
import { retireC1IfOver } from './retire.js'

/**
 * Before the hub serves: what a coordinator that was killed could not take out of service itself. Halves of uploads (they are sent again
 * whole), outputs of Commit1 claims that are over, and unsealed copies, for whoever asked has gone with that process.
 */
export async function retireLeftovers(db: Kysely<SealerDb>, dirs: Dirs): Promise<void> {
  const restarted = 'the coordinator was started anew'
  for (const name of await namesIn(c1Dir(dirs.hub))) {
    const claimId = claimOfC1(name)
    if (claimId !== undefined) await retireC1IfOver(claimId, db, dirs)
    else if (name.endsWith('.part'))
      await trash(dirs.state, join(c1Dir(dirs.hub), name), `half an upload: ${restarted}`, new Date())
  }
  for (const name of await namesIn(unsealedDir(dirs.hub)))
    await trash(dirs.state, join(unsealedDir(dirs.hub), name), restarted, new Date())
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
