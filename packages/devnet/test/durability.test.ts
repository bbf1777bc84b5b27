import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { parseAddress } from '@sealane/actors'
import { createChainClient, headFollower, type Json, rpcCall } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterEach, describe, expect, it } from 'vitest'
import { createDevnet } from '../src/index.js'
import { ToldVerifier } from './small-provider.js'

const root = temporaryDirectory()

interface Running {
  readonly child: ChildProcess
  readonly apiInfo: string
  readonly port: number
  readonly head: number
}

const children: ChildProcess[] = []

async function run(dataDir: string, port: number, mode: string): Promise<Running> {
  const script = new URL('./devnet-process.mjs', import.meta.url).pathname
  const child = spawn(process.execPath, [script, dataDir, String(port), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const line = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('\n')) resolve(text)
    })
    child.on('exit', (code) => reject(new Error(`the devnet ended with ${code}: ${text}`)))
  })
  return { child, ...(JSON.parse(line) as Omit<Running, 'child'>) }
}

async function kill({ child }: Running): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
}

describe('a devnet killed with -9', () => {
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  it('keeps every acknowledged message and head, and goes on at the next epoch', async () => {
    const dataDir = mkdtempSync(join(root, 'kill-'))
    let running = await run(dataDir, 0, 'auto')
    const { port } = running
    const acknowledged: Json[] = []
    let highest = 0
    const to = parseAddress('f1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq')
    for (let life = 0; life < 3; life++) {
      const { apiInfo } = running
      const killAt = Date.now() + 400 + 150 * life
      while (Date.now() < killAt) {
        acknowledged.push(await rpcCall(apiInfo, 'Devnet.Fund', [to, '1000']))
        const head = (await rpcCall(apiInfo, 'Filecoin.ChainHead', [])) as { Height: number }
        highest = Math.max(highest, head.Height)
      }
      await kill(running)
      running = await run(dataDir, port, 'auto')
      expect(running.head).toBeGreaterThanOrEqual(highest)
      expect(running.head).toBeLessThan(highest + 200)
    }
    const { apiInfo } = running
    for (const cid of acknowledged) {
      const lookup = (await rpcCall(apiInfo, 'Filecoin.StateWaitMsg', [cid, 0, -1, false])) as {
        Receipt: { ExitCode: number }
      }
      expect(lookup.Receipt.ExitCode).toBe(0)
    }
    const balance = await rpcCall(apiInfo, 'Filecoin.WalletBalance', [to])
    expect(balance).toBe(String(1000 * acknowledged.length))
    // No height is missing and none is there twice.
    const chain = createChainClient({ nodes: apiInfo })
    let at = await chain.head()
    while (at.height > 0) {
      const parent = await chain.tipSet(at.blocks[0]?.parents ?? [])
      expect(parent.height).toBe(at.height - 1)
      at = parent
    }
    await chain.close()
  })

  it('keeps what nobody has carried yet: a pooled message behind a gap, and an advance under way', async () => {
    const dataDir = mkdtempSync(join(root, 'kill-'))
    let running = await run(dataDir, 0, 'manual')
    const faucet = ((await rpcCall(running.apiInfo, 'Devnet.Info', [])) as { Faucet: { Address: string } })
      .Faucet.Address
    const signed = await rpcCall(running.apiInfo, 'Filecoin.WalletSignMessage', [
      faucet,
      {
        Version: 0,
        To: faucet,
        From: faucet,
        Nonce: 3,
        Value: '1',
        GasLimit: 2_000_000,
        GasFeeCap: '200000000',
        GasPremium: '100000',
        Method: 0,
        Params: null,
      },
    ])
    const cid = await rpcCall(running.apiInfo, 'Filecoin.MpoolPush', [signed])
    const target = await rpcCall(running.apiInfo, 'Devnet.Advance', [100_000, false])
    await kill(running)
    running = await run(dataDir, running.port, 'manual')
    const pending = (await rpcCall(running.apiInfo, 'Filecoin.MpoolPending', [[]])) as { CID: Json }[]
    expect(pending.map(({ CID }) => CID)).toEqual([cid])
    const info = (await rpcCall(running.apiInfo, 'Devnet.Info', [])) as {
      Clock: { Advance: { Remaining: number } }
      Head: { Height: number }
    }
    expect(info.Clock.Advance.Remaining).toBeGreaterThan(0)
    expect(Number(target)).toBe(100_000)
  })

  it('lets a follower go on where it was, without a gap', async () => {
    const dataDir = mkdtempSync(join(root, 'kill-'))
    let running = await run(dataDir, 0, 'auto')
    const chain = createChainClient({ nodes: running.apiInfo })
    const stop = new AbortController()
    const heights: number[] = []
    const following = (async () => {
      for await (const step of headFollower({ chain, signal: stop.signal })) {
        expect(step.reverts).toEqual([])
        heights.push(...step.applies.map(({ height }) => height))
        if (heights.length > 60) stop.abort()
      }
    })()
    while (heights.length < 10) await new Promise((resolve) => setTimeout(resolve, 10))
    await kill(running)
    running = await run(dataDir, running.port, 'auto')
    await following
    expect(heights).toEqual(heights.map((_, index) => (heights[0] ?? 0) + index))
    await chain.close()
  })
})

describe('a state directory', () => {
  it('belongs to one process, and to one set of proof keys', async () => {
    const dataDir = mkdtempSync(join(root, 'one-'))
    const options = { dataDir, verifier: new ToldVerifier(), clock: { mode: 'manual' as const } }
    const first = await createDevnet({ ...options, keySetDigest: 'aa'.repeat(32) })
    await expect(createDevnet({ ...options, keySetDigest: 'aa'.repeat(32) })).rejects.toMatchObject({
      code: 'LOCKED',
      remedy: 'halt',
    })
    await first.close()
    await expect(createDevnet({ ...options, keySetDigest: 'bb'.repeat(32) })).rejects.toMatchObject({
      code: 'KEY_SET_MISMATCH',
      remedy: 'halt',
    })
    const again = await createDevnet({ ...options, keySetDigest: 'aa'.repeat(32) })
    expect(again.networkName).toBe('sealane-devnet-aaaaaaaaaaaaaaaa')
    await again.close()
  })
  it('is refused with one line when its port is taken', async () => {
    const options = {
      verifier: new ToldVerifier(),
      keySetDigest: 'aa'.repeat(32),
      clock: { mode: 'manual' as const },
    }
    const first = await createDevnet({ ...options, dataDir: mkdtempSync(join(root, 'a-')) })
    await expect(
      createDevnet({
        ...options,
        dataDir: mkdtempSync(join(root, 'b-')),
        listen: { host: first.host, port: first.port },
      }),
    ).rejects.toMatchObject({ code: 'LISTEN_FAILED', message: expect.stringContaining('is taken') })
    await first.close()
  })
})
