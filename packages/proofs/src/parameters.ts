import { join } from 'node:path'
import { cacheDirectory } from '../scripts/built-addon.mjs'
import { addonPath } from './addon.js'
import type { KeySet } from './key-set.js'
import { ProofError } from './proof-error.js'
import { runTask } from './runner/run-task.js'
import type { TaskOptions } from './task-options.js'

/** What can be made from a seed: the key set's circuits by use. */
export type ParameterSet = 'window' | 'porep'

/** The lock file under `permitDir` that C2 and parameter generation share: each needs gigabytes. */
export const c2PermitName = 'c2.lock'

/** The permit directory of this user's machine. */
export function defaultPermitDir(): string {
  return join(cacheDirectory(), 'permits')
}

/**
 * Makes the `.params` file of one circuit in the key set's directory, unless it is there. Whoever comes second
 * waits for the first and finds it made. Costs seconds for window, minutes and 1.2 GB for porep.
 *
 * @throws ProofError PARAMETERS_MISSING for a key set whose parameters cannot be made from a seed
 */
export async function ensureParameters(
  keySet: KeySet,
  which: ParameterSet,
  sectorSize: bigint,
  options: TaskOptions & { permitDir?: string; addonPath?: string } = {},
): Promise<void> {
  if (!keySet.trapdoor) {
    throw new ProofError(
      'PARAMETERS_MISSING',
      `the parameters of key set ${keySet.name} cannot be generated; put the official files into ${keySet.directory}`,
    )
  }
  const started = Date.now()
  await runTask(
    {
      task: 'generateParameters',
      parameters: keySet.directory,
      which,
      sectorSize: sectorSize.toString(),
      permitPath: join(options.permitDir ?? defaultPermitDir(), c2PermitName),
    },
    {
      addonPath: options.addonPath ?? addonPath(),
      parameterCache: keySet.directory,
      parentCacheDir: join(cacheDirectory(), 'parents'),
    },
    { signal: options.signal, onProgress: options.onProgress && withTimeLeft(options.onProgress, started) },
  )
}

/** Adds the time left, as the time since the first counted piece of work tells it. */
function withTimeLeft(
  report: NonNullable<TaskOptions['onProgress']>,
  started: number,
): NonNullable<TaskOptions['onProgress']> {
  let workBegan = started
  return (progress) => {
    const { fraction } = progress
    if (!fraction) workBegan = Date.now()
    const elapsed = (Date.now() - workBegan) / 1000
    report(
      fraction ? { ...progress, secondsLeft: Math.round((elapsed / fraction) * (1 - fraction)) } : progress,
    )
  }
}
