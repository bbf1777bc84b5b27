import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Progress } from './task-options.js'
import { keySet, proofsRoom, randomness, sealOne, seed, ticket } from './testing/sealed-sector.js'
import { createVerifier } from './verifier.js'

describe('the real prover', () => {
  const { directory, prover, leave } = proofsRoom('real')
  afterAll(leave)

  it('makes a C2 of a 2KiB sector that verifies', async () => {
    const verifier = await createVerifier({ keySet })
    const files = await sealOne(prover, directory, 1)
    const { sector, commR, commD } = files

    const seen: Progress[] = []
    const { proof } = await prover.commit2(files, { onProgress: (progress) => seen.push(progress) })
    const claim = { sector, commR, commD, ticket, seed, proof }
    expect(await verifier.verifySeal(claim)).toBe(true)
    expect(await verifier.verifySeal({ ...claim, seed: ticket })).toBe(false)
    const estimated = seen.filter(({ stage, fraction }) => stage === 'proving' && fraction !== undefined)
    expect(estimated.length).toBeGreaterThan(5)
    expect(estimated.at(-1)?.secondsLeft).toBeLessThan(estimated[0]?.secondsLeft ?? 0)
  })

  it('proves a message of two partitions', async () => {
    const verifier = await createVerifier({ keySet })
    const sealed = [await sealOne(prover, directory, 2), await sealOne(prover, directory, 3)]
    sealed.push(await sealOne(prover, directory, 4))
    const sectors = sealed.map(({ sector, commR }) => ({ ...sector, commR }))
    const vanillaPaths = sealed.map(({ sector }) => join(directory, `vanilla-${sector.sectorNumber}`))
    for (const [index, files] of sealed.entries()) {
      const outputPath = vanillaPaths[index] ?? ''
      await prover.windowPostVanilla({ ...files, ...files.sector, randomness, outputPath })
    }
    const message = { minerId: 1000, sectorSize: 2048n, randomness, sectors }
    const proofs: Uint8Array[] = []
    for (const partitionIndex of [0, 1]) {
      const of = [partitionIndex * 2, partitionIndex * 2 + 2] as const
      const partition = { sectors: sectors.slice(...of), vanillaPaths: vanillaPaths.slice(...of) }
      proofs.push((await prover.windowPostPartition({ ...message, ...partition, partitionIndex })).proof)
    }
    const proof = Buffer.concat(proofs)
    expect(await verifier.verifyWindowPost({ ...message, proof })).toBe(true)
    expect(await verifier.verifyWindowPost({ ...message, proof, randomness: seed })).toBe(false)
  })

  it('is interrupted at once by an abort', async () => {
    const files = await sealOne(prover, directory, 9)
    const controller = new AbortController()
    const run = prover.commit2(files, {
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'proving') controller.abort()
      },
    })
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})
