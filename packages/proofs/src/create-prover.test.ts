import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  keySet,
  proofsRoom,
  randomness,
  type SealedSectorFiles,
  sealOne,
  seed,
  ticket,
} from './testing/sealed-sector.js'
import { createVerifier, type Verifier } from './verifier.js'

describe('a 2KiB sector, from piece to WindowPoSt', () => {
  const { directory, prover, leave } = proofsRoom('trapdoor')
  let verifier: Verifier
  let first: SealedSectorFiles
  let second: SealedSectorFiles

  beforeAll(async () => {
    verifier = await createVerifier({ keySet })
    first = await sealOne(prover, directory, 1)
    second = await sealOne(prover, directory, 2)
  })
  afterAll(leave)

  it('commits to a single full piece by the piece itself', () => {
    expect(first.pieces).toHaveLength(1)
    expect(first.pieces[0]?.commP).toEqual(first.commD)
    expect(first.pieces[0]).toMatchObject({ paddedSize: 2048n, offset: 0n, filler: false })
  })

  it('makes a seal proof that holds for its own claim and for no other', async () => {
    const { sector, commR, commD } = first
    const { proof } = await prover.commit2(first)
    expect(proof).toHaveLength(192)
    const claim = { sector, commR, commD, ticket, seed, proof }
    const flipped = proof.slice()
    flipped[100] = (flipped[100] ?? 0) ^ 1
    const other = new Uint8Array(32).fill(9)
    expect(await verifier.verifySeal(claim)).toBe(true)
    expect(await verifier.verifySeal({ ...claim, commR: second.commR })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, commD: second.commD })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, ticket: other })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, seed: other })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, sector: { ...sector, sectorNumber: 2 } })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, sector: { ...sector, minerId: 1001 } })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, proof: proof.slice(1) })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, proof: flipped })).toBe(false)
    expect(await verifier.verifySeal({ ...claim, proof: new Uint8Array(192).fill(0x55) })).toBe(false)
  })

  it('unseals the whole sector and any range of it', async () => {
    const outputPath = join(directory, 'unsealed-range')
    const unseal = async (offset: bigint, length: bigint) => {
      await prover.unsealRange({ ...first, ticket, outputPath, offset, length })
      return new Uint8Array(readFileSync(outputPath))
    }
    expect(await unseal(0n, 2032n)).toEqual(first.data)
    expect(await unseal(127n, 254n)).toEqual(first.data.slice(127, 381))
    expect(await unseal(100n, 333n)).toEqual(first.data.slice(100, 433))
    await expect(unseal(2000n, 33n)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  it('proves a partition of two sectors, and a message of two partitions', async () => {
    const third = await sealOne(prover, directory, 3)
    const sectors = [first, second, third].map(({ sector, commR }) => ({ ...sector, commR }))
    const vanillaPaths = [first, second, third].map((_, index) => join(directory, `vanilla-${index}`))
    for (const [index, files] of [first, second, third].entries()) {
      const outputPath = vanillaPaths[index] ?? ''
      await prover.windowPostVanilla({ ...files, ...files.sector, randomness, outputPath })
    }
    const common = { minerId: 1000, sectorSize: 2048n, randomness }
    const one = await prover.windowPostPartition({
      ...common,
      partitionIndex: 0,
      vanillaPaths: vanillaPaths.slice(0, 2),
      sectors: sectors.slice(0, 2),
    })
    const two = await prover.windowPostPartition({
      ...common,
      partitionIndex: 1,
      vanillaPaths: vanillaPaths.slice(2),
      sectors: sectors.slice(2),
    })
    const verify = (proof: Uint8Array, of: typeof sectors, drawn = randomness) =>
      verifier.verifyWindowPost({ ...common, randomness: drawn, proof, sectors: of })
    const pair = sectors.slice(0, 2)
    expect(await verify(one.proof, pair)).toBe(true)
    expect(await verify(one.proof, [...pair].reverse())).toBe(true)
    expect(await verify(one.proof, [...pair, ...pair.slice(0, 1)])).toBe(true)
    expect(await verify(Buffer.concat([one.proof, two.proof]), sectors)).toBe(true)
    expect(await verify(one.proof, sectors)).toBe(false)
    expect(await verify(two.proof, pair)).toBe(false)
    expect(await verify(one.proof, pair, new Uint8Array(32).fill(8))).toBe(false)
    expect(await verify(one.proof, [])).toBe(false)
  })

  it('still unseals and proves after the cache has been cleared', async () => {
    await prover.clearCache(second)
    const outputPath = join(directory, 'after-clearing')
    await prover.unsealRange({ ...second, ticket, outputPath, offset: 0n, length: 2032n })
    expect(new Uint8Array(readFileSync(outputPath))).toEqual(second.data)
    await prover.windowPostVanilla({ ...second, ...second.sector, randomness, outputPath })
  })
})

describe('several pieces in one sector', () => {
  const { directory, prover, leave } = proofsRoom('trapdoor')
  afterAll(leave)

  it('aligns them, fills with zeros, and zero-extends short files', async () => {
    const paths = ['a', 'b'].map((name) => join(directory, name))
    writeFileSync(paths[0] ?? '', 'one small piece')
    writeFileSync(paths[1] ?? '', new Uint8Array(508).fill(3))
    const { pieces } = await prover.addPieces({
      sector: { minerId: 1000, sectorNumber: 1, sectorSize: 2048n },
      pieces: [
        { path: paths[0] ?? '', paddedSize: 128n },
        { path: paths[1] ?? '', paddedSize: 512n },
      ],
      unsealedPath: join(directory, 'unsealed'),
    })
    expect(pieces.map(({ offset, paddedSize, filler }) => [offset, paddedSize, filler])).toEqual([
      [0n, 128n, false],
      [128n, 128n, true],
      [256n, 256n, true],
      [512n, 512n, false],
      [1024n, 1024n, true],
    ])
    const unsealed = readFileSync(join(directory, 'unsealed'))
    expect(unsealed).toHaveLength(2048)
    expect(unsealed.subarray(0, 15).toString()).toBe('one small piece')
    expect(unsealed.subarray(128, 512).every((byte) => byte === 0)).toBe(true)
  })
})
