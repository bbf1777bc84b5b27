import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Progress } from './task-options.js'
import { keySet, proofsRoom, randomness, sealOne, seed, ticket } from './testing/sealed-sector.js'
import { createVerifier } from './verifier.js'

describe('the real prover', () => {
  const { directory, prover, leave } = proofsRoom('real')
  afterAll(leave)

  it('makes a C2 and a WindowPoSt of a 2KiB sector that verify', async () => {
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

    const outputPath = join(directory, 'vanilla')
    await prover.windowPostVanilla({ ...files, ...sector, randomness, outputPath })
    const post = { ...sector, randomness, sectors: [{ ...sector, commR }] }
    const partition = await prover.windowPostPartition({
      ...post,
      partitionIndex: 0,
      vanillaPaths: [outputPath],
    })
    expect(await verifier.verifyWindowPost({ ...post, ...partition })).toBe(true)
    expect(await verifier.verifyWindowPost({ ...post, ...partition, randomness: seed })).toBe(false)
  })

  it('is interrupted at once by an abort', async () => {
    const files = await sealOne(prover, directory, 2)
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
