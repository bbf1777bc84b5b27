import { join } from 'node:path'
import type { Piece, Sector } from '../sealer-db.js'

/** The coordinator's folders. */
export interface Dirs {
  /** Holds the others, the database and the trash. */
  state: string
  pieces: string
  hub: string
}

export function dirsOf(stateDir: string): Dirs {
  return { state: stateDir, pieces: join(stateDir, 'pieces'), hub: join(stateDir, 'hub') }
}

type PieceFile = Pick<Piece, 'piece_cid' | 'payload_size'>

/**
 * Where a piece's bytes lie at home. The length is part of the name: payloads that differ only in trailing zeros have the same
 * piece CID.
 */
export function piecePath(piecesDir: string, piece: PieceFile): string {
  return join(piecesDir, `${piece.piece_cid}-${piece.payload_size}`)
}

export function pieceHubPath(piece: PieceFile): string {
  return `/pieces/${piece.piece_cid}/${piece.payload_size}`
}

export function c1Dir(hubDir: string): string {
  return join(hubDir, 'c1')
}

/** Commit1's output, by the claim that made it: a late claim overwrites nobody's. */
export function c1Path(hubDir: string, { c1_claim }: Pick<Sector, 'c1_claim'>): string {
  return join(c1Dir(hubDir), `${c1_claim}.json`)
}

/** The claim that made an output of this name; undefined for anything else, half an upload too. */
export function claimOfC1(name: string): string | undefined {
  return /^([0-9a-f-]{36})\.json$/.exec(name)?.[1]
}

export function c1HubPath(claimId: string): string {
  return `/hub/c1/${claimId}`
}

export function unsealedDir(hubDir: string): string {
  return join(hubDir, 'unsealed')
}

export function unsealedPath(hubDir: string, unsealId: string): string {
  return join(unsealedDir(hubDir), unsealId)
}

export function unsealedHubPath(unsealId: string): string {
  return `/hub/unsealed/${unsealId}`
}
