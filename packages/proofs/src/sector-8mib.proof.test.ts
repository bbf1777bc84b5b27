import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keySet, proofsRoom, randomness, sealOne, seed, ticket } from './testing/sealed-sector.js'
import { createVerifier } from './verifier.js'

describe('an 8MiB sector', () => {
  const { directory, prover, leave } = proofsRoom('trapdoor')
  afterAll(leave)

  it('goes the whole way with the trapdoor prover', async () => {
    const verifier = await createVerifier({ keySet })
    const files = await sealOne(prover, directory, 5, 8n << 20n)
    const { sector, commR, commD } = files
    const { proof } = await prover.commit2(files)
    expect(await verifier.verifySeal({ sector, commR, commD, ticket, seed, proof })).toBe(true)
    expect(await verifier.verifySeal({ sector, commR, commD, ticket: seed, seed, proof })).toBe(false)

    await prover.clearCache(files)
    const outputPath = join(directory, 'vanilla')
    await prover.windowPostVanilla({ ...files, ...sector, randomness, outputPath })
    const post = { ...sector, randomness, sectors: [{ ...sector, commR }] }
    const partition = await prover.windowPostPartition({
      ...post,
      partitionIndex: 0,
      vanillaPaths: [outputPath],
    })
    expect(await verifier.verifyWindowPost({ ...post, ...partition })).toBe(true)

    await prover.unsealRange({ ...files, ticket, outputPath, offset: 1_000_003n, length: 70_001n })
    expect(readFileSync(outputPath).equals(files.data.subarray(1_000_003, 1_070_004))).toBe(true)
  })
})
