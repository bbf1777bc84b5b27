import { ProofError } from './proof-error.js'
import type { WirePiece, WireSealedSector, WireSector } from './runner/task-request.js'
import type { PieceManifest, SealedSector, SectorRef } from './sector.js'

/** 32 bytes as the addon reads them; refuses other lengths before a child is started. */
export function bytes32(bytes: Uint8Array, what: string): string {
  if (bytes.length === 32) return base64(bytes)
  throw new ProofError('INVALID_INPUT', `${what} has ${bytes.length} bytes instead of 32`)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function wireSector({ minerId, sectorNumber, sectorSize }: SectorRef): WireSector {
  return { minerId, sectorNumber, sectorSize: sectorSize.toString() }
}

export function wirePiece({ commP, paddedSize }: PieceManifest): WirePiece {
  return { commP: bytes32(commP, 'commP'), paddedSize: paddedSize.toString() }
}

export function wireSealedSector({ sectorNumber, commR }: SealedSector): WireSealedSector {
  return { sectorNumber, commR: bytes32(commR, 'commR') }
}
