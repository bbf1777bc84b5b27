import { readFileSync } from 'node:fs'
import { type Json, parseJson, rpcCall } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { differences } from './difference.js'
import { ToldVerifier } from './small-provider.js'
import { type Frame, refusedWith, SocketLine } from './socket-line.js'

const root = temporaryDirectory()

interface RecordedFrame {
  readonly dir: 'send' | 'recv'
  readonly opcode: string
  readonly data: Json
}

/** What a recorded `xrpc.ch.val` frame carries. */
const carried = (frame: Json | undefined) => (frame as Frame | undefined)?.params?.[1] ?? null

const recorded = (name: string) =>
  (
    parseJson(readFileSync(new URL(`./vectors/rpc/${name}.json`, import.meta.url), 'utf8')) as unknown as {
      frames: RecordedFrame[]
    }
  ).frames

interface Change {
  readonly Type: string
  readonly Val: {
    readonly Height: number
    readonly Cids: Json
    readonly Blocks: { readonly Parents: Json }[]
  }
}

describe('over a WebSocket', () => {
  let devnet: Devnet
  let url: string
  let line: SocketLine
  const ask = (method: string, ...params: Json[]) => rpcCall(devnet.apiInfo, method, params)

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir: root,
      keySetDigest: '12'.repeat(32),
      verifier: new ToldVerifier(),
      clock: { mode: 'manual' },
    })
    const token = devnet.apiInfo.slice(0, devnet.apiInfo.indexOf(':'))
    url = `ws://${devnet.host}:${devnet.port}/rpc/v1?token=${token}`
    await ask('Devnet.Advance', 10, false)
    line = await SocketLine.open(url)
    await line.until('10 epochs', () => devnet.node.head.header.height >= 10)
  })
  afterAll(async () => {
    line?.socket.terminate()
    await devnet?.close()
  })

  it('ChainNotify gives the channel, the current head, then what is applied, as lotus does', async () => {
    line.send({ id: 1, method: 'Filecoin.ChainNotify', params: [] })
    await line.until('the current head', () => line.values(1).length === 1)
    expect(line.frames[0]).toEqual({ id: 1, jsonrpc: '2.0', result: 1 })
    await ask('Devnet.Advance', 3, false)
    const changes = () => (line.values(1) as unknown as Change[][]).flat()
    await line.until('three heads', () => changes().length >= 4)
    expect(changes().map(({ Type }) => Type)).toEqual(['current', 'apply', 'apply', 'apply'])
    expect(changes().map(({ Val }) => Val.Height)).toEqual([10, 11, 12, 13])
    const theirs = recorded('ws--ChainNotify').filter(
      ({ dir, opcode }) => dir === 'recv' && opcode === 'text',
    )
    const frame = theirs.find(({ data }) => (data as Frame).method === 'xrpc.ch.val')
    const ours = line.frames.find(({ method }) => method === 'xrpc.ch.val')
    expect(differences(carried(frame?.data), ours?.params?.[1] ?? null)).toEqual([])
  })

  it('a reorg comes as reverts, newest first, then applies, oldest first', async () => {
    const before = line.values(1).length
    await ask('Devnet.Reorg', 2, false)
    await line.until('the reorg', () => line.values(1).length > before)
    const batch = line.values(1)[before] as unknown as Change[]
    expect(batch.map(({ Type, Val }) => [Type, Val.Height])).toEqual([
      ['revert', 13],
      ['revert', 12],
      ['apply', 12],
      ['apply', 13],
      ['apply', 14],
    ])
    expect(batch[2]?.Val.Cids).not.toEqual(batch[1]?.Val.Cids)
    expect(batch[3]?.Val.Blocks[0]?.Parents).toEqual(batch[2]?.Val.Cids)
  })

  it('null rounds are heights without a tipset', async () => {
    const before = line.values(1).length
    await ask('Devnet.NullRounds', 2)
    await line.until('the block', () => line.values(1).length > before)
    expect((line.values(1)[before] as unknown as Change[]).map(({ Val }) => Val.Height)).toEqual([17])
    const heightOf = async (method: string) => ((await ask(method, 15, [])) as { Height: number }).Height
    expect(await heightOf('Filecoin.ChainGetTipSetByHeight')).toBe(14)
    expect(await heightOf('Filecoin.ChainGetTipSetAfterHeight')).toBe(17)
  })

  it('a second subscription has its own channel, and xrpc.cancel closes the one it names', async () => {
    line.send({ id: 2, method: 'Filecoin.ChainNotify', params: [] })
    await line.until('a second channel', () => line.values(2).length === 1)
    line.send({ method: 'xrpc.cancel', params: [2] })
    await line.until('the close', () => line.frames.some(({ method }) => method === 'xrpc.ch.close'))
    expect(line.frames.find(({ method }) => method === 'xrpc.ch.close')?.params).toEqual([2])
    await ask('Devnet.Advance', 1, false)
    const first = line.values(1).length
    await line.until('the first goes on', () => line.values(1).length > first)
    expect(line.values(2)).toHaveLength(1)
  })

  it('stays up when a client cancels what has no text, or knocks where there is no URL', async () => {
    line.send('{"method":"xrpc.cancel","params":[{"toString":1}]}')
    expect(await refusedWith(`ws://${devnet.host}:${devnet.port}//`)).toBe(404)
    expect(await ask('Filecoin.ChainHead')).toBeTruthy()
  })

  it('closes with a socket all that was opened under one id', async () => {
    const other = await SocketLine.open(url)
    const before = devnet.node.followers().count
    for (const _ of [1, 2]) other.send({ id: 7, method: 'Filecoin.ChainNotify', params: [] })
    await other.until('both channels', () => other.values(2).length === 1)
    expect(devnet.node.followers().count).toBe(before + 2)
    other.socket.terminate()
    await line.until('they are closed', () => devnet.node.followers().count === before)
  })

  it('MpoolSub tells of a message that comes and leaves', async () => {
    line.send({ id: 3, method: 'Filecoin.MpoolSub', params: [] })
    await line.until('the answer', () => line.frames.some(({ id }) => id === 3))
    await ask('Devnet.Fund', 't1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq', '5')
    await ask('Devnet.Advance', 1, false)
    await line.until('both', () => line.values(3).length === 2)
    expect((line.values(3) as { Type: number }[]).map(({ Type }) => Type)).toEqual([0, 1])
    const theirs = recorded('ws--MpoolSub').find(
      ({ data }) => (data as Frame | null)?.method === 'xrpc.ch.val',
    )
    expect(differences(carried(theirs?.data), line.values(3)[0] ?? null)).toEqual([])
  })

  it('answers come as they are done, not as they were asked', async () => {
    const cid = await ask('Devnet.Fund', 't1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq', '5')
    line.send({ id: 10, method: 'Filecoin.StateWaitMsg', params: [cid, 1, -1, true] })
    line.send({ id: 11, method: 'Filecoin.ChainHead', params: [] })
    await line.until('the quick answer', () => line.frames.some(({ id }) => id === 11))
    expect(line.frames.some(({ id }) => id === 10)).toBe(false)
    await ask('Devnet.Advance', 4, false)
    await line.until('the slow answer', () => line.frames.some(({ id }) => id === 10))
  })

  it('what is not JSON gets no answer, and an unknown method its error', async () => {
    const before = line.frames.length
    line.send('{not json')
    line.send({ id: 20, method: 'Filecoin.Nothing', params: [] })
    await line.until('the error', () => line.frames.some(({ id }) => id === 20))
    expect(line.frames).toHaveLength(before + 1)
    expect(line.frames.at(-1)?.error).toEqual({
      code: -32601,
      message: "method 'Filecoin.Nothing' not found",
    })
  })

  it('a bad token is refused at the door, no token may only read', async () => {
    const status = await refusedWith(url.replace(/token=.*/, 'token=eyJhbGciOiJIUzI1NiJ9.e30.AAAA'))
    expect(status).toBe(401)
    const reader = await SocketLine.open(url.replace(/\?.*/, ''))
    reader.send({ id: 1, method: 'Filecoin.WalletList', params: [] })
    await reader.until('the refusal', () => reader.frames.length === 1)
    expect(reader.frames[0]?.error?.message).toBe("missing permission to invoke 'WalletList' (need 'write')")
    reader.socket.terminate()
  })

  it('pings every five seconds', async () => {
    await line.until('a ping', () => line.pings > 0)
  })
})
