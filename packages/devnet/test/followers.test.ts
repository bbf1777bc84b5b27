import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { createChainClient, headFollower, rpcCall } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createDevnet, type Devnet } from '../src/index.js'
import { ToldVerifier } from './small-provider.js'

const root = temporaryDirectory()

let devnet: Devnet | undefined
afterEach(() => devnet?.close())

async function start(): Promise<Devnet> {
  devnet = await createDevnet({
    dataDir: mkdtempSync(join(root, 'followers-')),
    keySetDigest: '56'.repeat(32),
    verifier: new ToldVerifier(),
    clock: { mode: 'manual', blockDelayMs: 1_000, followerPatienceMs: 2_000 },
  })
  return devnet
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('a rush', () => {
  it('makes at least hundreds of empty epochs a second when nobody follows', async () => {
    const { node, apiInfo } = await start()
    const began = performance.now()
    await rpcCall(apiInfo, 'Devnet.Advance', [4_000, false])
    while (node.head.header.height < 4_000) await pause(5)
    // Measured alone on two cores: 4,000 a second. The bar is low because tests share the machine.
    expect(4_000 / ((performance.now() - began) / 1000)).toBeGreaterThan(400)
  })

  it('goes as fast as its follower takes heads, and loses none', async () => {
    const { node, apiInfo } = await start()
    const chain = createChainClient({ nodes: apiInfo })
    const stop = new AbortController()
    const heights: number[] = []
    let farthest = 0
    const following = (async () => {
      for await (const step of headFollower({ chain, signal: stop.signal })) {
        heights.push(...step.applies.map(({ height }) => height))
        await pause(20)
        farthest = Math.max(farthest, node.head.header.height - step.head.height)
        if (step.head.height >= 300) stop.abort()
      }
    })()
    while (heights.length === 0) await pause(2)
    await rpcCall(apiInfo, 'Devnet.Advance', [300, false])
    await following
    expect(heights).toEqual(heights.map((_, index) => (heights[0] ?? 0) + index))
    // One batch is being read, one is being made.
    expect(farthest).toBeLessThanOrEqual(32)
    await chain.close()
  })

  it('is not held for ever by a follower that has stopped reading', async () => {
    const { node, apiInfo, host, port } = await start()
    const socket = new WebSocket(`ws://${host}:${port}/rpc/v1`, { autoPong: false })
    await new Promise((resolve) => socket.once('open', resolve))
    socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'Filecoin.ChainNotify', params: [] }))
    await new Promise((resolve) => socket.once('message', resolve))
    const began = performance.now()
    await rpcCall(apiInfo, 'Devnet.Advance', [2_000, false])
    await pause(1_000)
    expect(node.head.header.height).toBeLessThan(50)
    while (node.head.header.height < 2_000) await pause(10)
    expect(performance.now() - began).toBeLessThan(15_000)
    socket.terminate()
  })
})
