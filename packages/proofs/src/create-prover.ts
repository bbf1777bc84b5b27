import { mkdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { addonPath } from './addon.js'
import { withC2Estimate } from './c2-estimate.js'
import type { KeySet } from './key-set.js'
import { c2PermitName, ensureParameters } from './parameters.js'
import { ProofError } from './proof-error.js'
import type { Prover, ProverKind } from './prover.js'
import { retire } from './retire.js'
import { runTask } from './runner/run-task.js'
import type { TaskRequest } from './runner/task-request.js'
import type { TaskOptions } from './task-options.js'
import { bytes32, fromBase64, wirePiece, wireSealedSector, wireSector } from './wire.js'

/** How a prover is set up on a machine. */
export interface ProverOptions {
  kind: ProverKind
  keySet: KeySet
  /** Holds the SDR parents cache (15 MB for 8MiB sectors, 56 GiB for 32GiB); share it between workers. */
  parentCacheDir: string
  /** Holds the machine's permit for C2 and parameter generation: the same for all provers of a machine. */
  permitDir: string
  /** Defaults to the addon built from these sources. */
  addonPath?: string
}

/**
 * A prover that runs each step in a child process.
 *
 * @throws ProofError KEY_MISMATCH for a trapdoor prover over a key set without public secrets, ADDON_MISSING
 */
export function createProver(o: ProverOptions): Prover {
  if (o.kind === 'trapdoor' && !o.keySet.trapdoor) {
    throw new ProofError('KEY_MISMATCH', `key set ${o.keySet.name} has no trapdoor: use the real prover`)
  }
  return new ChildProver(o)
}

class ChildProver implements Prover {
  readonly kind: ProverKind
  readonly #addonPath: string

  constructor(private readonly o: ProverOptions) {
    this.kind = o.kind
    // Once, at the start: a checkout may change under a running process.
    this.#addonPath = o.addonPath ?? addonPath()
  }

  async addPieces(o: Parameters<Prover['addPieces']>[0], t?: TaskOptions): ReturnType<Prover['addPieces']> {
    const packed = await this.#run<WirePacked>(
      {
        task: 'addPieces',
        sector: wireSector(o.sector),
        pieces: o.pieces.map(({ path, paddedSize }) => ({
          path: resolve(path),
          paddedSize: paddedSize.toString(),
        })),
        unsealedPath: resolve(o.unsealedPath),
      },
      t,
    )
    const pieces = packed.pieces.map((piece) => ({
      commP: fromBase64(piece.commP),
      paddedSize: BigInt(piece.paddedSize),
      offset: BigInt(piece.offset),
      filler: piece.filler,
    }))
    return { pieces, commD: fromBase64(packed.commD) }
  }

  async preCommit1(o: Parameters<Prover['preCommit1']>[0], t?: TaskOptions): Promise<void> {
    const request = {
      task: 'preCommit1',
      sector: wireSector(o.sector),
      ticket: bytes32(o.ticket, 'ticket'),
      pieces: o.pieces.map(wirePiece),
      unsealedPath: resolve(o.unsealedPath),
      sealedPath: resolve(o.sealedPath),
      cacheDir: resolve(o.cacheDir),
      outputPath: resolve(o.outputPath),
    } as const satisfies TaskRequest
    const trashDir = o.trashDir ?? join(dirname(request.cacheDir), 'trash')
    await retire(request.cacheDir, trashDir, 'PreCommit1 starts over')
    await retire(request.sealedPath, trashDir, 'PreCommit1 starts over')
    await this.#run(request, t)
  }

  async preCommit2(
    o: Parameters<Prover['preCommit2']>[0],
    t?: TaskOptions,
  ): ReturnType<Prover['preCommit2']> {
    const { commR, commD } = await this.#run<{ commR: string; commD: string }>(
      {
        task: 'preCommit2',
        sector: wireSector(o.sector),
        pc1OutputPath: resolve(o.pc1OutputPath),
        sealedPath: resolve(o.sealedPath),
        cacheDir: resolve(o.cacheDir),
      },
      t,
    )
    return { commR: fromBase64(commR), commD: fromBase64(commD) }
  }

  async commit1(o: Parameters<Prover['commit1']>[0], t?: TaskOptions): Promise<void> {
    await this.#run(
      {
        task: 'commit1',
        sector: wireSector(o.sector),
        ticket: bytes32(o.ticket, 'ticket'),
        seed: bytes32(o.seed, 'seed'),
        commR: bytes32(o.commR, 'commR'),
        commD: bytes32(o.commD, 'commD'),
        pieces: o.pieces.map(wirePiece),
        sealedPath: resolve(o.sealedPath),
        cacheDir: resolve(o.cacheDir),
        outputPath: resolve(o.outputPath),
      },
      t,
    )
  }

  async commit2(o: Parameters<Prover['commit2']>[0], t: TaskOptions = {}): ReturnType<Prover['commit2']> {
    const request = {
      sector: wireSector(o.sector),
      c1OutputPath: resolve(o.c1OutputPath),
      parameters: this.o.keySet.directory,
      permitPath: join(resolve(this.o.permitDir), c2PermitName),
    }
    if (this.kind === 'trapdoor') return this.#prove({ task: 'commit2Trapdoor', ...request }, t)
    await this.#ensureParameters('porep', o.sector.sectorSize, t)
    return withC2Estimate(
      { directory: this.o.permitDir, sectorSize: o.sector.sectorSize, onProgress: t.onProgress },
      (onProgress) => this.#prove({ task: 'commit2', ...request }, { ...t, onProgress }),
    )
  }

  async clearCache(o: Parameters<Prover['clearCache']>[0], t?: TaskOptions): Promise<void> {
    await this.#run({ task: 'clearCache', cacheDir: resolve(o.cacheDir) }, t)
  }

  async unsealRange(o: Parameters<Prover['unsealRange']>[0], t?: TaskOptions): Promise<void> {
    await this.#run(
      {
        task: 'unsealRange',
        sector: wireSector(o.sector),
        ticket: bytes32(o.ticket, 'ticket'),
        commD: bytes32(o.commD, 'commD'),
        sealedPath: resolve(o.sealedPath),
        cacheDir: resolve(o.cacheDir),
        outputPath: resolve(o.outputPath),
        offset: o.offset.toString(),
        length: o.length.toString(),
      },
      t,
    )
  }

  async windowPostVanilla(o: Parameters<Prover['windowPostVanilla']>[0], t?: TaskOptions): Promise<void> {
    await this.#run(
      {
        task: 'windowPostVanilla',
        sector: wireSector(o),
        commR: bytes32(o.commR, 'commR'),
        sealedPath: resolve(o.sealedPath),
        cacheDir: resolve(o.cacheDir),
        randomness: bytes32(o.randomness, 'randomness'),
        outputPath: resolve(o.outputPath),
      },
      t,
    )
  }

  async windowPostPartition(
    o: Parameters<Prover['windowPostPartition']>[0],
    t: TaskOptions = {},
  ): ReturnType<Prover['windowPostPartition']> {
    const request = {
      minerId: o.minerId,
      sectorSize: o.sectorSize.toString(),
      randomness: bytes32(o.randomness, 'randomness'),
      partitionIndex: o.partitionIndex,
      vanillaPaths: o.vanillaPaths.map((path) => resolve(path)),
      sectors: o.sectors.map(wireSealedSector),
      parameters: this.o.keySet.directory,
    }
    if (this.kind === 'trapdoor') return this.#prove({ task: 'windowPostPartitionTrapdoor', ...request }, t)
    await this.#ensureParameters('window', o.sectorSize, t)
    return this.#prove({ task: 'windowPostPartition', ...request }, t)
  }

  /** Official parameters are fetched, not made: the child names the file if one is missing. */
  async #ensureParameters(which: 'window' | 'porep', sectorSize: bigint, t: TaskOptions): Promise<void> {
    if (!this.o.keySet.trapdoor) return
    await ensureParameters(this.o.keySet, which, sectorSize, {
      ...t,
      permitDir: resolve(this.o.permitDir),
      addonPath: this.#addonPath,
    })
  }

  async #prove(request: TaskRequest, t: TaskOptions): Promise<{ proof: Uint8Array }> {
    const { proof } = await this.#run<{ proof: string }>(request, t)
    return { proof: fromBase64(proof) }
  }

  async #run<T>(request: TaskRequest, t?: TaskOptions): Promise<T> {
    const parentCacheDir = resolve(this.o.parentCacheDir)
    await mkdir(parentCacheDir, { recursive: true })
    const place = {
      addonPath: this.#addonPath,
      parameterCache: this.o.keySet.directory,
      parentCacheDir,
    }
    return (await runTask(request, place, t)) as T
  }
}

interface WirePacked {
  pieces: { commP: string; paddedSize: string; offset: string; filler: boolean }[]
  commD: string
}
