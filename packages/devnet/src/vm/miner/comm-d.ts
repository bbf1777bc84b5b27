import { type Cid, commitmentOf, type PieceActivationManifest, pieceCid } from '@sealane/actors'
import type { PaddedSize } from '@sealane/fil-units'
import { commD, zeroCommitment } from '@sealane/pieces'
import { proofsOfSealType } from '../proof-types.js'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { PreCommit } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** CommD of a precommit; one without is a sector of zeros. */
export function declaredCommD({ unsealedCid, sealProof }: DeepReadonly<PreCommit>): Cid {
  return unsealedCid ?? pieceCid(zeroCommitment(sizeOf(sealProof)))
}

/** CommD of a sector holding these pieces in order, aligned, the rest zeros. */
export function piecesCommD(pieces: readonly PieceActivationManifest[], sealProof: number): Cid {
  const sectorSize = sizeOf(sealProof)
  if (pieces.length === 0) return pieceCid(zeroCommitment(sectorSize))
  try {
    const commitments = pieces.map(({ cid, size }) => ({ commP: commitmentOf(cid), paddedSize: size }))
    return pieceCid(commD(commitments, sectorSize))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return abort(exitCode.illegalArgument, `failed to compute unsealed sector CID: ${reason}`)
  }
}

function sizeOf(sealProof: number): PaddedSize {
  const proofs = proofsOfSealType(sealProof)
  if (proofs === undefined) throw new Error(`no seal proof type ${sealProof}`)
  return proofs.sectorSize as PaddedSize
}
