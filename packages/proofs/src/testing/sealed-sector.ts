import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createProver } from '../create-prover.js'
import { devnetKeySet } from '../key-set.js'
import { defaultPermitDir } from '../parameters.js'
import type { Prover, ProverKind } from '../prover.js'
import type { PlacedPiece, SectorRef } from '../sector.js'

export const keySet = devnetKeySet()

/** A directory of its own for one test file, and a prover whose parents cache is shared by all runs. */
export function proofsRoom(kind: ProverKind): { directory: string; prover: Prover; leave(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-proofs-'))
  const prover = createProver({
    kind,
    keySet,
    parentCacheDir: join(directory, 'parents'),
    permitDir: defaultPermitDir(),
  })
  return { directory, prover, leave: () => rmSync(directory, { recursive: true, force: true }) }
}

/** Bytes that look random and are the same in every run (xorshift32). */
export function noise(length: number, seed: number): Uint8Array {
  let state = seed >>> 0 || 1
  return Uint8Array.from({ length }, () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state & 0xff
  })
}

export const ticket = new Uint8Array(32).fill(1)
export const seed = new Uint8Array(32).fill(2)
export const randomness = new Uint8Array(32).fill(7)

/** A sector on disk with everything that its next step needs. */
export interface SealedSectorFiles {
  sector: SectorRef
  data: Uint8Array
  pieces: PlacedPiece[]
  commD: Uint8Array
  commR: Uint8Array
  sealedPath: string
  unsealedPath: string
  cacheDir: string
  pc1OutputPath: string
  c1OutputPath: string
}

/** Takes one piece, as large as the sector, through addPieces, PC1, PC2 and C1. */
export async function sealOne(
  prover: Prover,
  directory: string,
  sectorNumber: number,
  sectorSize = 2048n,
): Promise<SealedSectorFiles> {
  const sector = { minerId: 1000, sectorNumber, sectorSize }
  const home = join(directory, `s-${sectorNumber}`)
  mkdirSync(home)
  const data = noise(Number((sectorSize / 128n) * 127n), sectorNumber)
  const piecePath = join(home, 'piece')
  writeFileSync(piecePath, data)
  const files = {
    unsealedPath: join(home, 'unsealed'),
    sealedPath: join(home, 'sealed'),
    cacheDir: join(home, 'cache'),
    pc1OutputPath: join(home, 'pc1.json'),
    c1OutputPath: join(home, 'c1.json'),
  }
  const { pieces, commD } = await prover.addPieces({
    sector,
    pieces: [{ path: piecePath, paddedSize: sectorSize }],
    ...files,
  })
  await prover.preCommit1({ sector, ticket, pieces, ...files, outputPath: files.pc1OutputPath })
  const { commR } = await prover.preCommit2({ sector, ...files })
  await prover.commit1({
    sector,
    ticket,
    seed,
    commR,
    commD,
    pieces,
    ...files,
    outputPath: files.c1OutputPath,
  })
  return { sector, data, pieces, commD, commR, ...files }
}
