import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  createProver,
  defaultPermitDir,
  devnetKeySet,
  type PlacedPiece,
  type SectorRef,
} from '@sealane/proofs'

/** What sealing a sector up to PreCommit2 made. */
export interface SealedWork {
  readonly commR: Uint8Array
  readonly commD: Uint8Array
  readonly pieces: PlacedPiece[]
}

/** A worker's part of a sector's life, without queues: real PC1, PC2 and C1, the trapdoor's C2. */
export function sealer(directory: string, sector: SectorRef) {
  mkdirSync(join(directory, 'cache'), { recursive: true })
  const prover = createProver({
    kind: 'trapdoor',
    keySet: devnetKeySet(),
    parentCacheDir: join(directory, 'parents'),
    permitDir: defaultPermitDir(),
  })
  const unsealedPath = join(directory, 'unsealed')
  const sealedPath = join(directory, 'sealed')
  const cacheDir = join(directory, 'cache')
  const pc1OutputPath = join(directory, 'pc1.json')
  const c1OutputPath = join(directory, 'c1.json')
  writeFileSync(sealedPath, '')
  return {
    /** @param data the sector's one piece, or undefined for a committed-capacity sector */
    async preCommit(data: Uint8Array | undefined, ticket: Uint8Array): Promise<SealedWork> {
      const piece = join(directory, 'piece')
      if (data !== undefined) writeFileSync(piece, data)
      const added = await prover.addPieces({
        sector,
        pieces: data === undefined ? [] : [{ path: piece, paddedSize: sector.sectorSize }],
        unsealedPath,
      })
      await prover.preCommit1({
        sector,
        ticket,
        pieces: added.pieces,
        unsealedPath,
        sealedPath,
        cacheDir,
        outputPath: pc1OutputPath,
      })
      const { commR, commD } = await prover.preCommit2({ sector, pc1OutputPath, sealedPath, cacheDir })
      return { commR, commD, pieces: added.pieces }
    },
    async prove(o: { ticket: Uint8Array; seed: Uint8Array; sealed: SealedWork }): Promise<Uint8Array> {
      const { commR, commD, pieces } = o.sealed
      await prover.commit1({
        sector,
        ticket: o.ticket,
        seed: o.seed,
        commR,
        commD,
        pieces,
        sealedPath,
        cacheDir,
        outputPath: c1OutputPath,
      })
      return (await prover.commit2({ sector, c1OutputPath })).proof
    },
  }
}
