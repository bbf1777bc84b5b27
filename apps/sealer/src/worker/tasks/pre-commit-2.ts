import { constants } from 'node:fs'
import { copyFile, link, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mkdirDurable, syncFile } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { bytesToHex } from '../../pipeline/hex.js'
import { exists } from '../sector-files.js'
import { claimFiles, type RunTask, sectorOf } from '../task-tools.js'
import { WorkerError } from '../worker-error.js'

/**
 * PreCommit2 rewrites the sealed file in place, so each claim works on its own copy: layers are hard-linked (never written again),
 * `sealed` is reflinked or copied.
 */
export const preCommit2: RunTask<workV1.PreCommit2> = async (work, tools) => {
  const { options, prover } = tools
  const sector = sectorOf(tools.task)
  const from = claimFiles(tools, work.winningClaim)
  const files = claimFiles(tools)
  for (const path of [from.preCommit1Output, from.sealed, from.unsealed, from.manifest]) {
    if (await exists(path)) continue
    throw new WorkerError(
      { code: 'FILES_MISSING', sector: sector.sectorNumber, what: path },
      `${path} of PreCommit1 is gone: PreCommit1 has to run again`,
    )
  }
  await mkdirDurable(files.cache)
  for (const name of await readdir(from.cache)) await link(join(from.cache, name), join(files.cache, name))
  await link(from.unsealed, files.unsealed)
  await copyFile(from.sealed, files.sealed, constants.COPYFILE_FICLONE)
  await copyFile(from.preCommit1Output, files.preCommit1Output)
  options.onProgress?.({ stage: 'PreCommit2' })
  const { commR, commD } = await prover.preCommit2(
    { sector, pc1OutputPath: files.preCommit1Output, sealedPath: files.sealed, cacheDir: files.cache },
    options,
  )
  const manifest = await from.readManifest()
  if (manifest.commD !== bytesToHex(commD)) {
    const facts = { code: 'COMM_D_CHANGED', sector: sector.sectorNumber } as const
    throw new WorkerError(
      facts,
      `CommD changed between PreCommit1 and PreCommit2 of sector ${sector.sectorNumber}`,
    )
  }
  await files.writeManifest({ ...manifest, commR: bytesToHex(commR) })
  await syncFile(files.sealed)
  return { $case: 'preCommit2', value: { commR, commD } }
}
