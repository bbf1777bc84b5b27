import type { Json } from '../rpc/json.js'
import { type HeadChange, headChange, sameKey } from '../wire/tip-set.js'
import { list } from '../wire/wire.js'
import type { ComplianceCheck } from './compliance-check.js'
import { holds, Skipped, same } from './expect.js'
import type { RawSocket } from './raw-socket.js'

/** How many block delays a head change is waited for: rounds without a block happen. */
const patienceBlocks = 12

/** The longest and shortest a head change is waited for. Unit: ms. */
const leastPatienceMs = 20_000

const patience = (blockDelayMs: number) => Math.max(leastPatienceMs, patienceBlocks * blockDelayMs)

function changes(socket: RawSocket, channel: Json): HeadChange[] {
  return socket.values(channel).flatMap((value) => list(headChange).read(value, 'ChainNotify'))
}

/** Each change continues from where the one before left the head. */
function continues(all: readonly HeadChange[]): void {
  const [current, ...rest] = all
  if (current?.type !== 'current') throw new Error(`first change: expected current, got ${current?.type}`)
  let at = current.tipSet.key
  for (const { type, tipSet } of rest) {
    const parents = tipSet.blocks[0]?.parents ?? []
    if (type === 'revert') {
      holds(sameKey(tipSet.key, at), `the revert of ${tipSet.height} takes the newest head away`)
      at = parents
    } else {
      same(type, 'apply', 'kind of change')
      holds(sameKey(parents, at), `tipset ${tipSet.height} follows the one before it`)
      at = tipSet.key
    }
  }
}

/** Subscriptions and answers over a WebSocket. Read-only. Source: sessions recorded from lotus v1.36. */
export const socketChecks: readonly ComplianceCheck[] = [
  {
    name: 'WebSocket: ChainNotify gives its channel, the current head alone, then changes without a gap',
    async run({ socket, blockDelayMs }) {
      const line = await socket()
      const channel = await line.subscribe(1, 'Filecoin.ChainNotify')
      holds(typeof channel === 'number', 'a channel is a number')
      const first = await line.until('the current head', () => line.values(channel)[0])
      same((first as readonly Json[]).length, 1, 'changes in the first value')
      await line.until(
        'two head changes',
        () => (line.values(channel).length > 2 ? true : undefined),
        2 * patience(blockDelayMs),
      )
      continues(changes(line, channel))
    },
  },
  {
    name: 'WebSocket: a reorg is told as reverts, newest first, then applies, oldest first',
    async run({ socket, blockDelayMs }) {
      const line = await socket()
      const channel = await line.subscribe(1, 'Filecoin.ChainNotify')
      const reverted = await line
        .until(
          'a reorg',
          () => (changes(line, channel).some(({ type }) => type === 'revert') ? true : undefined),
          Math.min(leastPatienceMs, patience(blockDelayMs)) / 2,
        )
        .catch(() => false)
      if (!reverted) throw new Skipped('no reorg happened while we watched')
      await line.until('the head after the reorg', () =>
        changes(line, channel).at(-1)?.type === 'apply' ? true : undefined,
      )
      continues(changes(line, channel))
    },
  },
  {
    name: 'WebSocket: xrpc.cancel closes the subscription it names, and no other',
    async run({ socket, blockDelayMs }) {
      const line = await socket()
      const kept = await line.subscribe(1, 'Filecoin.ChainNotify')
      const ended = await line.subscribe(2, 'Filecoin.ChainNotify')
      holds(kept !== ended, 'each subscription has a channel of its own')
      await line.until('both heads', () =>
        line.values(kept).length > 0 && line.values(ended).length > 0 ? true : undefined,
      )
      line.send({ method: 'xrpc.cancel', params: [2] })
      const close = await line.until('xrpc.ch.close', () =>
        line.frames.find(({ method }) => method === 'xrpc.ch.close'),
      )
      same(close.params?.[0], ended, 'the channel that is closed')
      const [keptBefore, endedBefore] = [line.values(kept).length, line.values(ended).length]
      await line.until(
        'the other one goes on',
        () => (line.values(kept).length > keptBefore ? true : undefined),
        patience(blockDelayMs),
      )
      same(line.values(ended).length, endedBefore, 'values of the closed channel')
    },
  },
  {
    name: 'WebSocket: answers come as they are done; what is not JSON gets none; an unknown method its error',
    async run({ socket, chain }) {
      const line = await socket()
      const { height } = await chain.head()
      line.send('{not json')
      line.send({ id: 'later', method: 'Filecoin.StateGetBeaconEntry', params: [height + 3] })
      line.send({ id: 20, method: 'Filecoin.NoSuch', params: [] })
      const error = await line.until('the error', () => line.frames.find(({ id }) => id === 20))
      same(error.error?.code, -32601, 'error code')
      same(error.error?.message, "method 'Filecoin.NoSuch' not found", 'text')
      holds(
        line.frames.every(({ id }) => id === 20 || id === 'later'),
        'no answer to what is not JSON',
      )
    },
  },
]
