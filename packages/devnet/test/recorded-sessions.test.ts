import { type Json, rpcCall, stringifyJson } from '@sealane/chain'
import { temporaryDirectory } from '@sealane/testkit'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDevnet, type Devnet } from '../src/index.js'
import { differences } from './difference.js'
import { recorded, recordedNames, type Session } from './recorded/recorded.js'
import { ToldVerifier } from './small-provider.js'
import { type Frame, refusedWith, SocketLine } from './socket-line.js'

// Every WebSocket session recorded from a real lotus, played again: what the client sent is sent, and each frame that came
// must come in its place, like it. The chain is moved by hand when a frame tells of a move.

interface Change {
  readonly Type: 'current' | 'revert' | 'apply'
  readonly Val: { readonly Height: number }
}

const stranger = 't1x3kuvqejuyqrubu3bkt4ce4njp47zsmxj7dp2gq'
const allow = {
  mayBeNull: ['.EventsRoot', '.Return'],
  // One beacon entry an epoch, as on mainnet; the recorded beacon had one in three epochs.
  mayBeValue: ['.BeaconEntries'],
  mayBeAbsent: [],
  free: [],
}

/** A frame as single steps: a value of ChainNotify holds several changes, and how many is up to chance. */
function steps(frame: Frame): Frame[] {
  const [channel = null, value] = frame.params ?? []
  if (frame.method !== 'xrpc.ch.val' || !Array.isArray(value)) return [frame]
  return (value as readonly Json[]).map((change) => ({ ...frame, params: [channel, [change]] }))
}

function changeIn({ method, params }: Frame): Change | undefined {
  const value = params?.[1]
  return method === 'xrpc.ch.val' && Array.isArray(value) ? (value[0] as unknown as Change) : undefined
}

/** What answers or belongs together keeps its order: a request's answer, a channel's values. */
const lineOf = ({ id, method, params }: Frame) =>
  stringifyJson([id ?? null, method ?? null, params?.[0] ?? null])

describe('WebSocket sessions as a real lotus holds them', () => {
  const dataDir = temporaryDirectory()
  let devnet: Devnet
  let url: string
  let line: SocketLine | undefined
  const ask = (method: string, ...params: Json[]) => rpcCall(devnet.apiInfo, method, params)

  beforeAll(async () => {
    devnet = await createDevnet({
      dataDir,
      keySetDigest: '12'.repeat(32),
      verifier: new ToldVerifier(),
      clock: { mode: 'manual' },
    })
    const token = devnet.apiInfo.slice(0, devnet.apiInfo.indexOf(':'))
    url = `ws://${devnet.host}:${devnet.port}/rpc/v1?token=${token}`
    await ask('Devnet.Advance', 10, false)
  })
  afterEach(() => line?.socket.terminate())
  afterAll(() => devnet?.close())

  /** Parameters that ask of our chain what the recording asked of its own. */
  async function asked(request: Frame): Promise<Json> {
    if (request.method !== 'Filecoin.StateWaitMsg') return request as Json
    const cid = await ask('Devnet.Fund', stranger, '5')
    return { ...request, params: [cid, ...(request.params ?? []).slice(1)] }
  }

  /** Makes happen what the next frame tells of. */
  async function nudge(expected: Frame): Promise<void> {
    const change = changeIn(expected)
    const update = expected.params?.[1] as { readonly Type?: Json } | null | undefined
    if (change?.Type === 'revert') await ask('Devnet.Reorg', 2, false)
    else if (change?.Type === 'apply' || update?.Type === 1) await ask('Devnet.Advance', 1, false)
    else if (update?.Type === 0) await ask('Devnet.Fund', stranger, '5')
    else if (expected.id === 10) await ask('Devnet.Advance', 4, false)
  }

  const sessions = recordedNames.filter((name) => name.startsWith('ws--'))

  it.each(sessions.filter((name) => recorded<Session>(name).connectError === undefined))(
    '%s',
    async (name) => {
      const { frames } = recorded<Session>(name)
      const heights: number[] = []
      line = await SocketLine.open(url, steps)
      const here = line
      const came = here.frames
      for (const { dir, opcode, data } of frames) {
        if (opcode === 'ping') {
          // One is waited for: they come every five seconds.
          await here.until('a ping', () => here.pings > 0)
          continue
        }
        if (dir === 'send') {
          here.send(typeof data === 'string' ? data : stringifyJson(await asked(data as Frame)))
          continue
        }
        for (const theirs of steps(data as Frame)) {
          const next = () => came.findIndex((frame) => lineOf(frame) === lineOf(theirs))
          if (next() < 0) await nudge(theirs)
          await here.until(stringifyJson(theirs as Json).slice(0, 200), () => next() >= 0)
          const [ours] = came.splice(next(), 1)
          expect(differences(theirs as Json, (ours ?? null) as Json, allow)).toEqual([])
          expect(changeIn(ours ?? {})?.Type).toBe(changeIn(theirs)?.Type)
          if (changeIn(theirs) !== undefined) heights.push(changeIn(ours ?? {})?.Val.Height ?? -1)
        }
      }
      // Newest first down, oldest first up: each step is next to the one before.
      if (name === 'ws--ChainNotify-revert') {
        const [first = 0] = heights
        expect(heights.slice(0, 6).map((height) => height - first)).toEqual([0, 1, 1, 0, 0, 1])
      }
      // Nothing else came but later changes of the chain.
      expect(came.filter((frame) => changeIn(frame) === undefined)).toEqual([])
    },
  )

  it.each(sessions.filter((name) => recorded<Session>(name).connectError !== undefined))(
    '%s',
    async (name) => {
      const status = await refusedWith(url.replace(/token=.*/, 'token=eyJhbGciOiJIUzI1NiJ9.e30.AAAA'))
      expect(recorded<Session>(name).connectError).toContain(`Handshake status ${String(status)} `)
    },
  )
})
