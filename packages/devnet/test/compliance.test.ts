import { type ComplianceOutcome, rpcCall, runCompliance } from '@sealane/chain'
import { exportKey, generateKey } from '@sealane/crypto'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { SmallProvider, ToldVerifier } from './small-provider.js'

describe('a lotus-speaking server', () => {
  const dataDir = temporaryDirectory()
  let devnet: Devnet
  let provider: SmallProvider
  let key: string

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir,
      keySetDigest: '34'.repeat(32),
      verifier: new ToldVerifier(),
      // The sector's proofs are not what this is about: the chain does not wait for them.
      clock: { mode: 'auto', blockDelayMs: 100, holdLimitMs: 200 },
    })
    provider = new SmallProvider(devnet.apiInfo)
    await provider.begin()
    await provider.seal(0, await provider.publish(3))
    key = exportKey(generateKey('secp256k1', new Uint8Array(32).fill(7)))
    const address = String(await provider.rpc('Filecoin.WalletImport', importable(key)))
    const funded = await provider.rpc('Devnet.FundTo', address, '1000000000000000000')
    await provider.rpc('Filecoin.StateWaitMsg', funded, 1, -1, true)
  })
  afterAll(async () => {
    await provider?.chain.close()
    await devnet?.close()
  })

  it('does all that the suite asks, reading and writing', { timeout: 240_000 }, async () => {
    const outcomes: ComplianceOutcome[] = []
    const started = async (name: string) => {
      if (name.includes('a null round')) await rpcCall(devnet.apiInfo, 'Devnet.NullRounds', [2])
      // Nobody else can make a reorg happen while it is watched for.
      if (name.includes('a reorg'))
        setTimeout(() => void rpcCall(devnet.apiInfo, 'Devnet.Reorg', [3, false]).catch(() => undefined), 500)
    }
    for await (const one of runCompliance({ nodes: devnet.apiInfo, key, started })) outcomes.push(one)
    expect(outcomes.filter(({ outcome }) => outcome !== 'pass')).toEqual([])
    expect(outcomes.length).toBeGreaterThan(35)
  })

  it('is not written to without a key', { timeout: 240_000 }, async () => {
    const before = devnet.node.pool.version
    const read: ComplianceOutcome[] = []
    for await (const one of runCompliance({ nodes: devnet.readApiInfo })) read.push(one)
    expect(read.filter(({ outcome }) => outcome === 'fail')).toEqual([])
    const skipped = read.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name)
    expect(skipped.filter((name) => !/^messages: |a reorg|null round/.test(name))).toEqual([])
    expect(devnet.node.pool.version).toBe(before)
  })
})

/** A key as WalletImport takes it. */
function importable(exported: string) {
  return JSON.parse(Buffer.from(exported, 'hex').toString('utf8')) as { Type: string; PrivateKey: string }
}
