import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createProver } from './create-prover.js'
import { devnetKeySet } from './key-set.js'
import {
  keySet,
  noise,
  proofsRoom,
  randomness,
  type SealedSectorFiles,
  sealOne,
  seed,
  ticket,
} from './testing/sealed-sector.js'
import { createVerifier } from './verifier.js'

const other = new Uint8Array(32).fill(9)

describe('input that must be refused', () => {
  const { directory, prover, leave } = proofsRoom('trapdoor')
  let good: SealedSectorFiles
  let second: SealedSectorFiles
  let copies = 0

  beforeAll(async () => {
    good = await sealOne(prover, directory, 1)
    second = await sealOne(prover, directory, 2)
  })
  afterAll(leave)

  /** The good sector's files in a directory of their own, free to be damaged. */
  function copy(): SealedSectorFiles {
    const from = dirname(good.sealedPath)
    const home = join(directory, `copy-${++copies}`)
    cpSync(from, home, { recursive: true })
    const moved = (path: string) => path.replace(from, home)
    return {
      ...good,
      sealedPath: moved(good.sealedPath),
      unsealedPath: moved(good.unsealedPath),
      cacheDir: moved(good.cacheDir),
      pc1OutputPath: moved(good.pc1OutputPath),
      c1OutputPath: moved(good.c1OutputPath),
    }
  }

  const invert = (path: string) =>
    writeFileSync(
      path,
      readFileSync(path).map((byte) => byte ^ 0xff),
    )
  const outputPath = join(directory, 'output')
  const commit1 = (files: SealedSectorFiles) =>
    prover.commit1({ ...files, ticket, seed, outputPath: files.c1OutputPath })
  const vanilla = (files: SealedSectorFiles) =>
    prover.windowPostVanilla({ ...files, ...files.sector, randomness, outputPath })

  describe('by the trapdoor prover, which could prove anything', () => {
    it.each([
      ['another sector', (files: SealedSectorFiles) => ({ ...files, sector: second.sector })],
      [
        'another miner',
        (files: SealedSectorFiles) => ({ ...files, sector: { ...files.sector, minerId: 1001 } }),
      ],
    ])('a C1 output of %s', async (_, change) => {
      await expect(prover.commit2(change(good))).rejects.toMatchObject({
        code: 'PROOF_REFUSED',
        remedy: 'hold',
      })
    })

    it.each(['seed', 'ticket', 'comm_r', 'comm_d'])('a C1 output with another %s', async (field) => {
      const files = copy()
      const output = JSON.parse(readFileSync(files.c1OutputPath, 'utf8'))
      writeFileSync(files.c1OutputPath, JSON.stringify({ ...output, [field]: Array.from(other) }))
      await expect(prover.commit2(files)).rejects.toMatchObject({ code: 'PROOF_REFUSED' })
    })

    it('vanilla proofs of other randomness, of another sector, or of no sector', async () => {
      await vanilla(good)
      const claim = {
        minerId: 1000,
        sectorSize: 2048n,
        partitionIndex: 0,
        vanillaPaths: [outputPath],
        sectors: [{ sectorNumber: 1, commR: good.commR }],
        randomness,
      }
      const refused = { code: 'PROOF_REFUSED' }
      await expect(prover.windowPostPartition({ ...claim, randomness: other })).rejects.toMatchObject(refused)
      const sectors = [{ sectorNumber: 2, commR: good.commR }]
      await expect(prover.windowPostPartition({ ...claim, sectors })).rejects.toMatchObject(refused)
      const swapped = [{ sectorNumber: 1, commR: second.commR }]
      await expect(prover.windowPostPartition({ ...claim, sectors: swapped })).rejects.toMatchObject(refused)
      writeFileSync(outputPath, noise(5680, 1))
      await expect(prover.windowPostPartition(claim)).rejects.toMatchObject(refused)
      await expect(
        prover.windowPostPartition({ ...claim, vanillaPaths: [], sectors: [] }),
      ).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })

    it('a verifying key that is not the seed’s', async () => {
      const keys = devnetKeySet(join(directory, 'foreign-keys'))
      const names = readdirSync(keys.directory).filter((name) => name.startsWith('v28-stacked'))
      const [mine = '', theirs = ''] = names.map((name) => join(keys.directory, name))
      const swap = readFileSync(mine)
      writeFileSync(mine, readFileSync(theirs))
      writeFileSync(theirs, swap)
      const foreign = createProver({
        kind: 'trapdoor',
        keySet: keys,
        parentCacheDir: join(directory, 'parents'),
        permitDir: directory,
      })
      const refused = { code: 'KEY_MISMATCH', remedy: 'halt' }
      await expect(foreign.commit2(good)).rejects.toMatchObject(refused)
      truncateSync(mine, 17)
      truncateSync(theirs, 17)
      await expect(foreign.commit2(good)).rejects.toMatchObject(refused)
      rmSync(mine)
      rmSync(theirs)
      await expect(foreign.commit2(good)).rejects.toMatchObject({
        code: 'PARAMETERS_MISSING',
        remedy: 'halt',
      })
    })

    it('a key set without a trapdoor', () => {
      const mainnet = { ...keySet, name: 'mainnet', trapdoor: false }
      const options = { keySet: mainnet, parentCacheDir: directory, permitDir: directory }
      expect(() => createProver({ kind: 'trapdoor', ...options })).toThrow('no trapdoor')
    })
  })

  describe('corrupt and truncated files', () => {
    it('a corrupt sealed file, in C1 and in WindowPoSt', async () => {
      const files = copy()
      invert(files.sealedPath)
      await expect(commit1(files)).rejects.toMatchObject({ remedy: 'hold' })
      await expect(vanilla(files)).rejects.toMatchObject({ code: 'SECTOR_FAULTY', remedy: 'hold' })
    })

    it('a corrupt replica tree in WindowPoSt', async () => {
      const files = copy()
      invert(join(files.cacheDir, 'sc-02-data-tree-r-last.dat'))
      await expect(vanilla(files)).rejects.toMatchObject({ code: 'SECTOR_FAULTY' })
    })

    it('a replica that is not the one of CommR', async () => {
      await expect(vanilla({ ...good, commR: second.commR })).rejects.toMatchObject({ code: 'SECTOR_FAULTY' })
      await expect(commit1({ ...copy(), commR: second.commR })).rejects.toMatchObject({ remedy: 'hold' })
    })

    it.each([
      ['the sealed file', (files: SealedSectorFiles) => files.sealedPath],
      ['a label layer', (files: SealedSectorFiles) => join(files.cacheDir, 'sc-02-data-layer-1.dat')],
      ['the data tree', (files: SealedSectorFiles) => join(files.cacheDir, 'sc-02-data-tree-d.dat')],
      ['p_aux', (files: SealedSectorFiles) => join(files.cacheDir, 'p_aux')],
    ])('C1 with %s truncated, and missing', async (_, pick) => {
      const files = copy()
      const path = pick(files)
      truncateSync(path, 17)
      await expect(commit1(files)).rejects.toMatchObject({
        code: 'FILE_LENGTH',
        message: expect.stringContaining('has 17 bytes instead of'),
      })
      rmSync(path)
      await expect(commit1(files)).rejects.toMatchObject({ code: 'FILE_MISSING' })
    })

    it.each(['sc-02-data-tree-c.dat', 'sc-02-data-tree-r-last.dat'])('C1 with %s truncated', async (name) => {
      const files = copy()
      truncateSync(join(files.cacheDir, name), 17)
      await expect(commit1(files)).rejects.toMatchObject({ name: 'ProofError' })
    })

    it('a truncated sealed file in PC2, unsealing and WindowPoSt', async () => {
      const files = copy()
      truncateSync(files.sealedPath, 1024)
      const short = { code: 'FILE_LENGTH' }
      await expect(prover.preCommit2(files)).rejects.toMatchObject(short)
      await expect(vanilla(files)).rejects.toMatchObject(short)
      const range = { ...files, ticket, outputPath, offset: 0n, length: 127n }
      await expect(prover.unsealRange(range)).rejects.toMatchObject(short)
    })

    it('a truncated output of the step before', async () => {
      const files = copy()
      truncateSync(files.pc1OutputPath, 100)
      truncateSync(files.c1OutputPath, 100)
      await expect(prover.preCommit2(files)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(prover.commit2(files)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })
  })

  describe('before sealing begins', () => {
    const sector = { minerId: 1000, sectorNumber: 9, sectorSize: 2048n }
    const unsealedPath = join(directory, 'unsealed')

    it('a piece file that is missing, empty, or longer than its piece', async () => {
      const path = join(directory, 'piece')
      const add = () => prover.addPieces({ sector, pieces: [{ path, paddedSize: 256n }], unsealedPath })
      await expect(add()).rejects.toMatchObject({ code: 'FILE_MISSING' })
      writeFileSync(path, '')
      await expect(add()).rejects.toMatchObject({ code: 'FILE_LENGTH' })
      writeFileSync(path, noise(255, 1))
      await expect(add()).rejects.toMatchObject({ code: 'FILE_LENGTH' })
      writeFileSync(path, noise(254, 1))
      await expect(add()).resolves.toMatchObject({ pieces: { length: 4 } })
    })

    it('pieces that do not commit to the unsealed file', async () => {
      const files = copy()
      invert(files.unsealedPath)
      writeFileSync(
        files.unsealedPath,
        readFileSync(files.unsealedPath).map((byte) => byte & 0x3f),
      )
      const run = prover.preCommit1({ ...files, ticket, outputPath: files.pc1OutputPath })
      await expect(run).rejects.toMatchObject({ code: 'COMMITMENT_MISMATCH', remedy: 'hold' })
    })

    it('an unsealed file that is too short, and a commitment of the wrong length', async () => {
      const files = copy()
      truncateSync(files.unsealedPath, 2000)
      const outputPath = files.pc1OutputPath
      await expect(prover.preCommit1({ ...files, ticket, outputPath })).rejects.toMatchObject({
        code: 'FILE_LENGTH',
      })
      await expect(
        prover.preCommit1({ ...files, ticket: new Uint8Array(31), outputPath }),
      ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: 'ticket has 31 bytes instead of 32' })
    })

    it('an old cache: PC1 over a used directory moves it to the trash and seals the new data', async () => {
      const files = copy()
      const trashDir = join(directory, 'trash')
      writeFileSync(join(directory, 'new-piece'), noise(2032, 77))
      const { pieces, commD } = await prover.addPieces({
        sector: files.sector,
        pieces: [{ path: join(directory, 'new-piece'), paddedSize: 2048n }],
        unsealedPath: files.unsealedPath,
      })
      await prover.preCommit1({ ...files, pieces, ticket, trashDir, outputPath: files.pc1OutputPath })
      const { commR, commD: sealedCommD } = await prover.preCommit2(files)
      expect(sealedCommD).toEqual(commD)
      expect(commR).not.toEqual(good.commR)
      const [day = ''] = readdirSync(trashDir)
      const retired = readdirSync(join(trashDir, day))
      expect(retired).toHaveLength(2)
      for (const place of retired) expect(existsSync(join(trashDir, day, place, 'manifest.json'))).toBe(true)
      expect(retired.some((name) => name.startsWith('cache.'))).toBe(true)
    })

    it('a sector size that no proof is registered for', async () => {
      const odd = { ...sector, sectorSize: 4096n }
      await expect(prover.addPieces({ sector: odd, pieces: [], unsealedPath })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
      })
    })
  })

  it('files may move between the steps', async () => {
    const files = copy()
    const home = join(directory, 'elsewhere')
    mkdirSync(home)
    const moved = { ...files, sealedPath: join(home, 'sealed'), cacheDir: join(home, 'cache') }
    cpSync(files.sealedPath, moved.sealedPath)
    cpSync(files.cacheDir, moved.cacheDir, { recursive: true })
    rmSync(dirname(files.sealedPath), { recursive: true })
    moved.c1OutputPath = join(home, 'c1.json')
    await commit1(moved)
    expect(existsSync(moved.c1OutputPath)).toBe(true)
    expect((await prover.commit2(moved)).proof).toHaveLength(192)
  })
})

describe('a process that verifies', () => {
  it('keeps to one key set', async () => {
    await createVerifier({ keySet })
    await expect(createVerifier({ keySet: { ...keySet, directory: '/elsewhere' } })).rejects.toMatchObject({
      code: 'KEY_SET_FIXED',
      remedy: 'halt',
    })
  })
})

describe('a process killed while it made the parents cache', () => {
  const { directory, prover, leave } = proofsRoom('trapdoor')
  afterAll(leave)

  it.each([
    ['full of zeros', (length: number) => new Uint8Array(length)],
    ['cut short', (length: number) => new Uint8Array(length / 2).fill(1)],
    ['empty', () => new Uint8Array()],
  ])('leaves a file %s, which is made again before the next PC1', async (_, leftBehind) => {
    const parents = join(directory, 'parents')
    mkdirSync(parents, { recursive: true })
    rmSync(join(directory, 's-1'), { recursive: true, force: true })
    const entries = 2048 / 32
    const name = 'v28-sdr-parent-494d91dc80f2df5272c4b9e129bc7ade9405225993af9fe34e6542a39a47554b.cache'
    for (const file of readdirSync(parents)) rmSync(join(parents, file))
    writeFileSync(join(parents, name), leftBehind(entries * 14 * 4))
    const { c1OutputPath } = await sealOne(prover, directory, 1)
    expect(existsSync(c1OutputPath)).toBe(true)
    expect(readdirSync(parents).sort()).toEqual(
      ['parents.lock', name, name.replace('.cache', '.complete')].sort(),
    )
  })
})
