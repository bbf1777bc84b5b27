import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { trash } from '@sealane/host'

/** Each claim that needs scratch has a folder of its own here. */
export function scratchRoot(stateDir: string): string {
  return join(stateDir, 'claims')
}

/** Before any claim is taken: a process that was killed left its claims' scratch behind, and nobody goes on from it. */
export async function retireScratch(stateDir: string): Promise<void> {
  const names = await readdir(scratchRoot(stateDir)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const name of names)
    await trash(stateDir, join(scratchRoot(stateDir), name), `claim ${name}: its worker ended`, new Date())
}
