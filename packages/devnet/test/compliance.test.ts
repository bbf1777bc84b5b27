import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complianceChecks } from '@sealane/chain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { SmallProvider, ToldVerifier } from './small-provider.js'

describe('a lotus-speaking server', () => {
  let devnet: Devnet
  let provider: SmallProvider

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir: mkdtempSync(join(tmpdir(), 'devnet-compliance-')),
      keySetDigest: '34'.repeat(32),
      verifier: new ToldVerifier(),
      clock: { mode: 'auto', blockDelayMs: 100 },
    })
    provider = new SmallProvider(devnet.apiInfo)
    await provider.begin()
    await provider.seal(0, await provider.publish(3))
    await provider.rpc('Devnet.NullRounds', 2)
  })
  afterAll(async () => {
    await provider?.chain.close()
    await devnet?.close()
  })

  it.each(complianceChecks.map((check) => [check.name, check] as const))('%s', async (_name, check) => {
    await expect(check.run(provider.chain)).resolves.toBeUndefined()
  })
})
