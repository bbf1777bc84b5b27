import { idAddress } from '@sealane/actors'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ChainPort, createChainClient, type Json } from '../src/index.js'
import { Playback, recorded } from './playback.js'

/** What a recorded answer was before the field came, or while another one was still there. */
function without(result: Json, name: string): Json {
  if (Array.isArray(result)) return result.map((one) => without(one as Json, name))
  const { [name]: _gone, ...rest } = result as { [key: string]: Json }
  return rest
}

const miner = idAddress(1000)

/**
 * Fields that lotus got or lost between v1.28 and v1.36. Nodes of network version 28 are newer than all of them; what a node of another
 * make or an older network leaves out must not read as nonsense.
 */
describe('a node of another version', () => {
  let node: Playback
  let chain: ChainPort
  beforeEach(async () => {
    node = await Playback.start()
    chain = createChainClient({ nodes: node.apiInfo })
  })
  afterEach(async () => {
    await chain.close()
    await node.stop()
  })
  function answers(name: string, change: (result: Json) => Json) {
    const { request, response } = recorded(name)
    node.result(request.method, change((response as { result: Json }).result))
  }

  it('tells no time of genesis (before v1.33, PR #12925), but the proofs it takes (until v1.32, PR #12881)', async () => {
    answers('StateGetNetworkParams', (result) => ({
      ...(without(result, 'GenesisTimestamp') as { [key: string]: Json }),
      SupportedProofTypes: [3, 4],
    }))
    const params = await chain.networkParams()
    expect(params.genesisTimestamp).toBeUndefined()
    expect(params.blockDelaySeconds).toBeGreaterThan(0)
  })

  it('knows no daily fee (before v1.33 and FIP-0100): it is zero', async () => {
    answers('StateMinerDeadlines', (result) => without(result, 'DailyFee'))
    answers('StateSectorGetInfo--2', (result) => without(result, 'DailyFee'))
    expect((await chain.deadlines(miner)).every(({ dailyFee }) => dailyFee === 0n)).toBe(true)
    expect(await chain.sectorInfo(miner, 2)).toMatchObject({ dailyFee: 0n })
  })

  it('has no method yet: its own words say which', async () => {
    await expect(chain.creationDeposit()).rejects.toMatchObject({
      code: 'NO_METHOD',
      text: "method 'Filecoin.StateMinerCreationDeposit' not found",
    })
  })
})
