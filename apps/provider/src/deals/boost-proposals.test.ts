import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseCid } from '@sealane/actors'
import {
  type DealResponse,
  dealProtocols,
  dealResponse,
  parseDealUuid,
  providerReadTimeoutMs,
} from '@sealane/market'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProviderConfig } from '../config.js'
import { bytesOf, type Exchange, exchanges, otherRecordings, ruleFor } from '../testing/boost-recordings.js'
import { BoostWorld, recordedReadTimeoutMs } from '../testing/boost-world.js'
import { payload } from '../testing/provider-under-test.js'

const redis = localRedis()
const dir = temporaryDirectory()
const fil = 10n ** 18n
let world: BoostWorld

beforeAll(async () => {
  world = await BoostWorld.start({ dir, redisUrl: redis.url, head: 5_083 })
})
afterAll(() => world?.stop())

/** The operator's settings of one recording, where they were not the usual ones. */
const settings: Record<string, Partial<ProviderConfig['deals']>> = {
  '2-blocklisted': {
    piece_blocklist: [parseCid('baga6ea4seaqjozzjqkv6rzoiabny4kh2nfbxxv76sukg4aohsidicmpsshu6cii')],
  },
  '2-disabled-all-online': {
    consider_online: false,
    consider_offline: false,
    consider_verified: false,
    consider_unverified: false,
  },
  '2-disabled-offline-online-still-ok': { consider_offline: false },
  '2-disabled-unverified': { consider_unverified: false },
  '2-disabled-verified': { consider_verified: false },
  '2-start-delay-1h': { max_start_delay_epochs: 900 },
  '2-filter-accept-with-output': { filter_command: 'echo taken; exit 0' },
  '2-filter-bad-utf8': { filter_command: "printf '\\377\\376bad utf8'; exit 1" },
  '2-filter-killed': { filter_command: "sh -c 'kill -KILL $$'; exit 1" },
  '2-filter-long-text': { filter_command: "head -c 20000 /dev/zero | tr '\\0' x; exit 1" },
  '2-filter-reject-text-online': { filter_command: "echo 'no deals on sundays'; exit 1" },
  '2-filter-reject-text': { filter_command: "echo 'no deals on sundays'; exit 1" },
  '2-filter-slow': { filter_command: 'sleep 0.3; echo slow; exit 1' },
}

/** What we answer where we differ; rules.json says why. */
const ours: Record<string, DealResponse> = {
  '2-enc-without-DealDataRoot': {
    accepted: false,
    message: 'failed validation: proposal DealDataRoot undefined',
  },
  '2-dup-secp-3-resigned-other-uuid': {
    accepted: false,
    message: 'deal proposal is identical to deal 560e8671-e324-4e9a-b05f-4320d26e1e48 (proposed at …)',
  },
  '2-filter-long-text': { accepted: false, message: 'x'.repeat(8192) },
  '2-filter-bad-utf8': { accepted: false, message: '��bad utf8' },
  '2-online-size0': {
    accepted: false,
    message: 'transfer size 0 is not between 1 and 2032 bytes, the room in a piece of 2048 bytes',
  },
  '2-reject-online-params-libp2p-bad': {
    accepted: false,
    message:
      'server error: get deal transfer host: cannot parse url \'libp2p:///ip4/127.0.0.1/tcp/1/p2p/xyz\': parsing address info from url \'libp2p:///ip4/127.0.0.1/tcp/1/p2p/xyz\': failed to parse multiaddr "/ip4/127.0.0.1/tcp/1/p2p/xyz": invalid value "xyz" for protocol p2p',
  },
}

/** Uuids that a deal had before the recording began. */
const taken: Record<string, string> = {
  '2-reject-zero-uuid-again': '00000000-0000-0000-0000-000000000000',
  '2-enc-without-DealUUID': '00000000-0000-0000-0000-000000000000',
  '2-dup-secp-4-same-uuid': '21522eee-b503-49b4-867b-56b52c1e1a50',
}

const recorded = exchanges.filter(
  ({ name, protocol }) => dealProtocols.some((one) => one === protocol) && !name.startsWith('3-status'),
)

/** Makes the world of one recording: its height, its bounds, its operator's settings, what came before. */
async function arrange(exchange: Exchange): Promise<void> {
  world.arrange(exchange, recordedAnswer(exchange)?.message)
  Object.assign(world.provider.life.rooms.config.deals, usual, settings[exchange.name])
  if (exchange.name === '2-reject-piece-below-min') await setMinPieceSize('512')
  const uuid = taken[exchange.name]
  if (uuid !== undefined) await holdUuid(uuid)
}

const usual: Partial<ProviderConfig['deals']> = {
  consider_online: true,
  consider_offline: true,
  consider_verified: true,
  consider_unverified: true,
  piece_blocklist: [],
  max_start_delay_epochs: 43_200,
  filter_command: '',
}

const setMinPieceSize = (minPieceSize: string) =>
  world.provider.operator['asks.set']({ price: '50000000', verifiedPrice: '5000000', minPieceSize })

/** Sees to it that a live deal of our own has this uuid. */
async function holdUuid(uuid: string): Promise<void> {
  if ((await world.provider.life.rooms.deals.read(uuid)) !== undefined) return
  const startEpoch = world.chain.head + 2_000
  const collateral = (world.chain.minCollateral * 6n) / 5n
  const own = world.client.propose(payload(2048), { offline: true, startEpoch, collateral })
  expect(await proposeDeal(world.connection, { ...own, dealUuid: parseDealUuid(uuid) })).toEqual({
    accepted: true,
    message: '',
  })
}

/** Boost's answer with its time left out; undefined when it gave none that can be read. */
function recordedAnswer({ responseHex }: Exchange): DealResponse | undefined {
  try {
    return withoutTime(dealResponse.decode(bytesOf(responseHex)))
  } catch {
    return undefined
  }
}

function withoutTime({ accepted, message }: DealResponse): DealResponse {
  const goTime = /\(proposed at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})? \+0000 UTC\)$/
  return { accepted, message: message.replace(goTime, '(proposed at …)') }
}

describe('what a real Boost was sent, sent to our provider', () => {
  it.each(recorded)('$name: $description', async (exchange) => {
    const { name } = exchange
    await arrange(exchange)
    const heard = await world.send(exchange)

    expect(heard.end).toBe('eof')
    if (exchange.responseHex === '' && !name.startsWith('4-client')) {
      expect(heard.bytes.length).toBe(0)
      // The recorded provider closed at 10.0 s from the stream's start what had not come by then.
      const stalled = (exchange.endedMs ?? 0) > providerReadTimeoutMs - 1
      if (stalled) expect(heard.tookMs).toBeGreaterThanOrEqual(recordedReadTimeoutMs - 5)
      else expect(heard.tookMs).toBeLessThan(recordedReadTimeoutMs)
      return
    }
    const answer = withoutTime(dealResponse.decode(heard.bytes))
    const rule = ruleFor(name)
    if (rule.outcome === 'same') expect(answer).toEqual(recordedAnswer(exchange))
    else expect(answer).toEqual(ours[name] ?? { accepted: true, message: '' })
    if (rule.outcome === 'same' && !answer.message.includes('proposed at'))
      expect(Buffer.from(heard.bytes).toString('hex')).toBe(exchange.responseHex)
    if (name === '2-reject-piece-below-min') await setMinPieceSize('256')
  })

  it('leaves no rule unused and no difference untold', () => {
    const names = new Set(recorded.map(({ name }) => name))
    expect(Object.keys({ ...settings, ...ours, ...taken }).filter((name) => !names.has(name))).toEqual([])
    expect(Object.keys(ours).filter((name) => ruleFor(name).outcome !== 'ours')).toEqual([])
  })
})

describe('the operator’s filter', () => {
  const stdin = otherRecordings.filter(({ name }) => name.startsWith('2-filter-stdin'))

  it.each(stdin)('is told what $name tells', async ({ name, stdin: theirs }) => {
    const file = join(dir, 'filter-stdin.json')
    rmSync(file, { force: true })
    const asked = exchanges.find(
      ({ name: other }) =>
        other === (name.endsWith('online') ? '2-filter-reject-text-online' : '2-filter-reject-text'),
    ) as Exchange
    await arrange(asked)
    world.provider.life.rooms.config.deals.filter_command = `cat > ${file}; echo no; exit 1`
    expect(dealResponse.decode((await world.send(asked)).bytes)).toEqual({ accepted: false, message: 'no\n' })
    const told = JSON.parse(await readFile(file, 'utf8'))
    // Keys in the same order at every depth, but for what only home knows.
    const skeleton = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([key, inner]) => [key, key === 'SectorStates' ? '' : skeleton(inner)])
        : typeof value
    expect(skeleton({ ...told, SealingPipelineState: '' })).toEqual(
      skeleton({ ...theirs, SealingPipelineState: '' }),
    )
    const { SealingPipelineState: _ours, FundsState: funds, StorageState: storage, ...deal } = told
    const {
      SealingPipelineState: _theirs,
      FundsState: _funds,
      StorageState: _storage,
      ...sent
    } = theirs ?? {}
    expect(deal).toEqual(sent)
    expect(Object.keys(_ours)).toEqual(['SectorStates', 'Workers'])
    expect(BigInt(funds.Escrow.Available)).toBe(10n * fil)
    expect(storage.TotalAvailable).toBe(50_000_000)
    expect(storage.Free).toBe(storage.TotalAvailable - storage.Tagged - storage.Staged)
  })

  it.each([
    ['that hangs', 'sleep 600 & sleep 600'],
    ['that ignores being asked to end', "trap '' TERM; while :; do sleep 1; done"],
  ])('%s is killed with all it started, and the deal refused', async (_what, command) => {
    Object.assign(world.provider.life.rooms.config.deals, { filter_command: command, filter_timeout: 300 })
    const collateral = (world.chain.minCollateral * 6n) / 5n
    const asked = world.client.propose(payload(2048), {
      offline: true,
      startEpoch: world.chain.head + 2_000,
      collateral,
    })
    expect(await proposeDeal(world.connection, asked)).toEqual({
      accepted: false,
      message: 'server error: deal filter error',
    })
    Object.assign(world.provider.life.rooms.config.deals, usual)
  })
})
