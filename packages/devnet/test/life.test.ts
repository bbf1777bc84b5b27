import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { SmallProvider, ToldVerifier } from './small-provider.js'

const root = temporaryDirectory()

describe('a deal’s life under clock auto', () => {
  const verifier = new ToldVerifier()
  const stop = new AbortController()
  let devnet: Devnet
  let provider: SmallProvider
  let watching: Promise<void>

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir: root,
      keySetDigest: 'ab'.repeat(32),
      verifier,
      clock: { mode: 'auto', holdLimitMs: 4_000 },
    })
    provider = new SmallProvider(devnet.apiInfo)
    await provider.begin()
  })
  afterAll(async () => {
    stop.abort()
    await watching?.catch(() => undefined)
    await provider?.chain.close()
    await devnet?.close()
  })

  it('ends active and proven, in seconds, with true epoch counts', async () => {
    watching = provider.watchDeadlines(stop.signal, 300)
    const before = await provider.chain.minerPower(provider.miner)
    const deals = [await provider.publish(1), await provider.publish(2)]
    for (const [sector, deal] of deals.entries()) await provider.seal(sector, deal, 200)
    const power = await provider.until('both sectors have power', async () => {
      const { minerPower } = await provider.chain.minerPower(provider.miner)
      return minerPower.rawBytePower === before.minerPower.rawBytePower + 4096n ? minerPower : undefined
    })
    expect(power.qualityAdjPower).toBe(4096n)
    for (const { id } of deals) {
      const deal = await provider.chain.marketDeal(id)
      expect(deal?.state.sectorStartEpoch).toBeGreaterThan(0)
    }
    const deadline = await provider.chain.provingDeadline(provider.miner)
    expect(deadline.wpostProvingPeriod).toBe(2880)
    expect(await provider.chain.minerFaults(provider.miner)).toMatchObject({ isEmpty: true })
  })

  it('holds for a miner that does not prove, says for whom, then lets the chain’s rules fall', async () => {
    stop.abort()
    await watching.catch(() => undefined)
    await provider.rpc('Devnet.Advance', 2 * 2880, false)
    const held = await provider.until('the chain holds', async () => {
      const holds = (await provider.rpc('Devnet.Holds')) as {
        Action: string
        WaitingFor: { Miner: string; Close: number }[]
      }
      return holds.Action === 'hold' ? holds : undefined
    })
    expect(held.WaitingFor).toMatchObject([{ Miner: `t${provider.miner.slice(1)}`, LimitMs: 4_000 }])
    const head = await provider.chain.head()
    expect(head.height).toBe((held.WaitingFor[0]?.Close ?? 0) - 5)
    const { minerPower } = await provider.until('the power is gone', async () => {
      const power = await provider.chain.minerPower(provider.miner)
      return power.minerPower.rawBytePower === 0n ? power : undefined
    })
    expect(minerPower.qualityAdjPower).toBe(0n)
    expect((await provider.chain.minerFaults(provider.miner)).toNumbers()).toEqual([0, 1])
  })
})
