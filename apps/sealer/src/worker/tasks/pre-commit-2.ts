import { constants } from 'node:fs'
import { copyFile, link, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, mkdirDurable } from '@sealane/host'
import type { workV1 } from '@sealane/proto'
import { bytesToHex, hexToBytes } from '../../pipeline/hex.js'
import { exists } from '../exists.js'
import type { ClaimFiles } from '../sector-files.js'
import { takeOver } from '../take-over.js'
import { claimFiles, type RunTask, sectorOf } from '../task-tools.js'
import { WorkerError } from '../worker-error.js'

/**
 * PreCommit2 rewrites the sealed file in place, so each claim works on its own copy: layers are hard-linked (never written again),
 * `sealed` is reflinked or copied.
 */
export const preCommit2: RunTask<workV1.PreCommit2> = async (work, tools) => {
  const { options, prover, task } = tools
  const { minerId, sectorNumber } = task
  const from = claimFiles(tools, work.winningClaim)
  const files = claimFiles(tools)
  if (await takeOver(files, { minerId, sectorNumber, work: 'preCommit2', input: work.winningClaim })) {
    const { commR = '', commD } = await files.readManifest()
    return { $case: 'preCommit2', value: { commR: hexToBytes(commR), commD: hexToBytes(commD) } }
  }
  await copyStage(from, files, sectorNumber)
  options.onProgress?.({ stage: 'PreCommit2' })
  const { commR, commD } = await prover
    .preCommit2(
      {
        sector: sectorOf(task),
        pc1OutputPath: files.preCommit1Output,
        sealedPath: files.sealed,
        cacheDir: files.cache,
      },
      options,
    )
    .catch((error: unknown) => {
      // Torn by a power cut, or half gone: PreCommit1 has to run again.
      if (['FILE_MISSING', 'FILE_LENGTH'].includes(codeOf(error)))
        throw missing(sectorNumber, from.dir, error)
      throw error
    })
  const manifest = await from.readManifest().catch((error: unknown) => {
    throw codeOf(error) === 'MANIFEST_WRONG' ? missing(sectorNumber, from.manifest, error) : error
  })
  if (manifest.commD !== bytesToHex(commD)) {
    throw new WorkerError(
      { code: 'COMM_D_CHANGED', sector: sectorNumber },
      `CommD changed between PreCommit1 and PreCommit2 of sector ${sectorNumber}`,
    )
  }
  await files.writeManifest({ ...manifest, commR: bytesToHex(commR) })
  await files.finish()
  return { $case: 'preCommit2', value: { commR, commD } }
}

async function copyStage(from: ClaimFiles, files: ClaimFiles, sectorNumber: number): Promise<void> {
  for (const path of [from.preCommit1Output, from.sealed, from.unsealed, from.manifest, from.cache])
    if (!(await exists(path))) throw missing(sectorNumber, path)
  await mkdirDurable(files.cache)
  for (const name of await readdir(from.cache)) await link(join(from.cache, name), join(files.cache, name))
  await link(from.unsealed, files.unsealed)
  await copyFile(from.sealed, files.sealed, constants.COPYFILE_FICLONE)
  await copyFile(from.preCommit1Output, files.preCommit1Output)
}

function missing(sector: number, what: string, cause?: unknown): WorkerError {
  const error = new WorkerError(
    { code: 'FILES_MISSING', sector, what },
    `${what} of PreCommit1 is gone or torn: PreCommit1 has to run again`,
    { cause },
  )
  return error
}
