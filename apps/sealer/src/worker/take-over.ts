import { renameDurable, trash } from '@sealane/host'
import { type ClaimFiles, type ClaimOwner, claimsOf } from './sector-files.js'

/**
 * Begins a claim's directory. If an earlier claim of the very same work was finished here and never heard of (its worker died, or
 * thawed too late), its directory becomes this claim's: returns true, nothing is done twice. What others left unfinished goes to the trash.
 */
export async function takeOver(files: ClaimFiles, owner: ClaimOwner): Promise<boolean> {
  const { storage } = files
  const earlier = (await claimsOf(storage, owner)).filter(
    (other) => other.files.claimId !== files.claimId && other.owner.work === owner.work,
  )
  for (const { files: other, owner: of } of earlier) {
    if (of.input === owner.input && (await other.isFinished())) {
      await renameDurable(other.dir, files.dir)
      return true
    }
  }
  for (const { files: other } of earlier)
    await trash(storage.path, other.dir, `claim ${other.claimId} did not finish ${owner.work}`, new Date())
  await files.begin(owner)
  return false
}
