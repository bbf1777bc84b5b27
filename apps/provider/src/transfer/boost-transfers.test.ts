import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { type DealStatusResponse, dealStatusResponse } from '@sealane/market'
import { proposeDeal } from '@sealane/market/node'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  bytesOf,
  cliRecordings,
  type Exchange,
  exchanges,
  type HttpRecording,
  httpRecordings,
  ruleFor,
} from '../testing/boost-recordings.js'
import { BoostWorld } from '../testing/boost-world.js'
import { type Behaviour, DataServer, honest } from '../testing/data-server.js'
import { TestHome } from '../testing/provider-under-test.js'

/** Bytes of the recorded CAR, and of ours. */
const carBytes = 1_697

const redis = localRedis()
const dir = temporaryDirectory()
let world: BoostWorld
let home: TestHome
let server: DataServer

beforeAll(async () => {
  server = await new DataServer().listen()
  home = new TestHome(redis.url)
  world = await BoostWorld.start({
    dir,
    redisUrl: redis.url,
    head: 5_730,
    flags: ['--transfer-per-host', '20', '--transfer-retry-max-wait', '50ms'],
  })
})
afterAll(async () => {
  await world?.stop()
  await home?.close()
})

/** What a recorded data server did, as far as its requests tell. Each serves `car` of the deal. */
const behaviours: Record<string, Behaviour> = {
  404: (_request, response) => response.writeHead(404).end(),
  get403: (_request, response) => response.writeHead(403).end(),
  'headers-bad': (request, response, car) =>
    request.headers.authorization === 'Bearer good'
      ? honest(request, response, car)
      : response.writeHead(401).end(),
  headers: (request, response, car) =>
    request.headers.authorization === 'Bearer good' && request.headers['x-custom'] === 'a b'
      ? honest(request, response, car)
      : response.writeHead(401).end(),
  get500once: onceFirst((_request, response) => response.writeHead(500).end()),
  cut: onceFirst((_request, response, car) => {
    response.writeHead(206, {
      'content-range': `bytes 0-${car.length - 1}/${car.length}`,
      'content-length': car.length,
    })
    response.write(car.subarray(0, 700), () => setTimeout(() => response.destroy(), 20))
  }),
  norange: (_request, response, car) => response.writeHead(200, { 'content-length': car.length }).end(car),
  nolen: (_request, response, car) => response.writeHead(200).end(car),
  nohead: (request, response, car) =>
    request.method === 'HEAD' ? response.writeHead(405).end() : honest(request, response, car),
  headsize: (request, response, car) =>
    request.method === 'HEAD'
      ? response.writeHead(200, { 'content-length': car.length + 1 }).end()
      : honest(request, response, car),
  redirect: (request, response, car) =>
    request.url?.includes('?') === true
      ? honest(request, response, car)
      : response.writeHead(302, { location: `${request.url}?x=1` }).end(),
  wrongcommp: (request, response, car) =>
    honest(
      request,
      response,
      Uint8Array.from(car, (byte) => byte ^ 1),
    ),
}

/** Misbehaves on the first request of each file. */
function onceFirst(first: Behaviour): Behaviour {
  const seen = new Set<string>()
  return (request, response, car) => {
    const path = request.url ?? ''
    if (seen.has(path)) return honest(request, response, car)
    seen.add(path)
    return first(request, response, car)
  }
}

/** A recording's statuses in order, by the situation they are of. */
const stages = new Map<string, Exchange[]>()
for (const exchange of exchanges) {
  const situation = /^3-status-([a-z0-9-]+?)-\d\d-(?!error)/.exec(exchange.name)?.[1]
  if (situation !== undefined) stages.set(situation, [...(stages.get(situation) ?? []), exchange])
}
const online = [...stages.keys()].filter((name) => !/offline|badscheme|size0|private/.test(name))

const recordedStatus = ({ responseHex }: Exchange): DealStatusResponse =>
  dealStatusResponse.decode(bytesOf(responseHex))

/** Proposes a deal whose data lies as it did in one situation; its uuid, and the file's path. */
async function propose(situation: string): Promise<{ uuid: string; path: string }> {
  const size = situation === 'notcar' ? 1_600 : situation === 'chunked' ? 1_048_576 : carBytes
  const car = randomBytes(size)
  const path = `/${situation}-${randomBytes(4).toString('hex')}`
  server.put(`${path}?x=1`, car)
  const params = world.client.propose(car, {
    url:
      situation === 'refused'
        ? 'http://127.0.0.1:9/x.car'
        : server.put(path, car, behaviours[situation] ?? honest),
    size: BigInt(situation === 'wrongsize' ? size + 1 : size),
    startEpoch: world.chain.head + 2_000,
    price: 1_000_000n,
    ...(situation === 'headers' ? { headers: { Authorization: 'Bearer good', 'X-Custom': 'a b' } } : {}),
    ...(situation === 'headers-bad' ? { headers: { Authorization: 'Bearer bad' } } : {}),
  })
  expect(await proposeDeal(world.connection, params)).toEqual({ accepted: true, message: '' })
  return { uuid: params.dealUuid, path }
}

/** Where a deal can no longer move by itself: failed, waiting for home, or trying again. */
async function settled(uuid: string): Promise<void> {
  await until(
    `the transfer of ${uuid} to come to rest`,
    () => world.provider.life.rooms.deals.get(uuid),
    (row) => row.state === 'Failed' || row.state === 'Transferred',
  )
}

const status = async (uuid: string) => await world.client.status(world.connection, uuid)

/** Texts with what differs from run to run left out: CIDs, and HEAD, which we do not send. */
const inShape = (text: string) =>
  text.replace(/baga[a-z0-9]+/g, 'CID').replace('http HEAD req failed', 'http req failed')

/** Ends that ours does not share; rules.json says why. */
const takenByOurs = ['nohead', 'nolen', 'headsize', 'chunked', 'notcar']

/** Names the file of an offline deal: its data, or others. */
async function imported(other?: Uint8Array): Promise<{ uuid: string; path: string }> {
  const data = randomBytes(carBytes)
  const path = `${dir}/imported-${randomBytes(4).toString('hex')}`
  writeFileSync(path, other ?? data)
  const startEpoch = world.chain.head + 2_000
  const params = world.client.propose(data, { offline: true, startEpoch, price: 1_000_000n })
  expect(await proposeDeal(world.connection, params)).toEqual({ accepted: true, message: '' })
  await world.provider.dealIn(params.dealUuid, 'AwaitingData')
  await world.provider.operator['deals.importData']({ id: params.dealUuid, path })
  return { uuid: params.dealUuid, path }
}

describe('an online deal against a data server, as Boost met it', () => {
  it.each(online)('%s ends as it did there', async (situation) => {
    const recorded = (stages.get(situation) ?? []).map(recordedStatus)
    const end = recorded.find((answer) => answer.dealStatus?.status === 'Complete')
    const { uuid } = await propose(situation)

    if (situation === 'refused') {
      await until(
        'the transfer to be tried again',
        () => world.provider.operator['deals.log']({ id: uuid }),
        (lines) => lines.filter(({ event }) => event === 'interrupted').length >= 3,
      )
      expect((await status(uuid)).dealStatus).toMatchObject({ status: 'Accepted', error: '' })
      await world.provider.operator['deals.cancel']({ id: uuid })
      return
    }
    await settled(uuid)
    const answer = await status(uuid)
    expect(answer.error).toBe('')
    const failed = end !== undefined && !takenByOurs.includes(situation)
    expect(answer.dealStatus?.status).toBe(failed ? 'Complete' : 'Transferred')
    expect(inShape(answer.dealStatus?.error ?? '')).toBe(failed ? inShape(end.dealStatus?.error ?? '') : '')
    if (situation !== 'chunked') expect(answer.transferSize).toBe(recorded[0]?.transferSize)
    expect(answer.isOffline).toBe(recorded[0]?.isOffline)
  })

  it.each(httpRecordings.filter(({ name }) => !name.includes('chunked')))(
    '$name: one ranged request where Boost sent HEAD and GET',
    async (recording: HttpRecording) => {
      const situation = recording.name.slice('4-http-'.length)
      const { uuid, path } = await propose(situation)
      await settled(uuid)
      const asked = server.requests.filter((request) => request.path.startsWith(path))
      expect(asked.map(({ method }) => method)).toEqual(asked.map(() => 'GET'))
      const theirs = recording.requests.filter(({ requestText }) => requestText.startsWith('GET'))
      // The same first byte each time: from the start, and from where it was cut.
      const firsts = (ranges: (string | undefined)[]) =>
        ranges.map((range) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]))
      const ours = firsts(asked.map(({ range }) => range))
      if (theirs.length > 0) expect(ours).toEqual(firsts(theirs.map(({ requestText }) => requestText)))
      else expect(ours).toEqual([0])
      // Theirs ends one byte past the file.
      const size = situation === 'wrongsize' ? recording.carBytes + 1 : recording.carBytes
      for (const { range } of asked) expect(range?.endsWith(`-${size - 1}`)).toBe(true)
    },
  )
})

describe('a status on the way of a deal, as Boost told it', () => {
  /** What home says when a deal is where the recording has it. */
  const atHome = (answer: DealStatusResponse) => {
    const { status: checkpoint, sealingStatus, publishCid, chainDealId } = answer.dealStatus ?? {}
    const published = {
      publishCid: publishCid ?? null,
      dealId: chainDealId === 0 ? null : (chainDealId ?? null),
    }
    switch (checkpoint) {
      case 'Published':
        return { pieceState: 'Publishing', publicationState: 'Sent', ...published } as const
      case 'PublishConfirmed':
      case 'AddedPiece':
        return { pieceState: 'Published', publicationState: 'Confirmed', ...published } as const
      default:
        return {
          pieceState: sealingStatus === 'Proving' ? 'Sealed' : 'InSector',
          publicationState: 'Confirmed',
          sectorNumber: 2,
          sectorState: sealingStatus ?? null,
          ...published,
        } as const
    }
  }

  const long = [...stages].filter(([, all]) =>
    all.some((one) => recordedStatus(one).dealStatus?.publishCid != null),
  )

  it.each(long.filter(([name]) => name !== 'size0'))('%s: stage by stage', async (situation, all) => {
    const offline = situation.startsWith('offline')
    const { uuid } = offline ? await imported() : await propose(situation)
    await settled(uuid)
    for (const exchange of all) {
      const recorded = recordedStatus(exchange)
      expect(ruleFor(exchange.name).outcome).toBe('ours')
      const theirs = recorded.dealStatus
      if (theirs === null || theirs.status === 'Accepted') continue
      if (theirs.publishCid !== null) {
        await home.progress(uuid, atHome(recorded))
        await until(
          `home's word of ${exchange.name} to be taken`,
          () => status(uuid),
          ({ dealStatus }) =>
            dealStatus?.publishCid === theirs.publishCid &&
            dealStatus.chainDealId === theirs.chainDealId &&
            dealStatus.status === expectedCheckpoint(theirs.status) &&
            dealStatus.sealingStatus === expectedSealing(theirs),
        )
      }
      const answer = await status(uuid)
      expect(answer).toMatchObject({ error: '', isOffline: offline })
      expect(answer.dealStatus).toMatchObject({ error: '', status: expectedCheckpoint(theirs.status) })
      if (!offline) expect(answer.bytesReceived).toBe(answer.transferSize)
    }
  })

  /** AddedPiece is never told: nothing waits there. */
  const expectedCheckpoint = (checkpoint: string) =>
    checkpoint === 'AddedPiece' ? 'PublishConfirmed' : checkpoint

  /** No sector's state before there is a sector. */
  const expectedSealing = ({
    status: checkpoint,
    sealingStatus,
  }: {
    status: string
    sealingStatus: string
  }) => (checkpoint === 'IndexedAndAnnounced' ? sealingStatus : '')
})

describe('an online deal that Boost took and could never fetch', () => {
  it.each([
    [
      'badscheme',
      { url: 'ftp://127.0.0.1/x.car' },
      `server error: get deal transfer host: unsupported protocol scheme "ftp"`,
    ],
    [
      'size0',
      { url: 'http://127.0.0.1:9/x.car', size: 0n },
      'transfer size 0 is not between 1 and 2032 bytes, the room in a piece of 2048 bytes',
    ],
  ])('%s is refused at the proposal', async (situation, terms, message) => {
    expect(stages.has(situation)).toBe(true)
    const startEpoch = world.chain.head + 2_000
    const params = world.client.propose(randomBytes(carBytes), { ...terms, startEpoch, price: 1_000_000n })
    expect(await proposeDeal(world.connection, params)).toEqual({ accepted: false, message })
  })
})

describe('importing, as an operator of Boost did', () => {
  const recorded = (name: string) => cliRecordings.find((one) => one.name === name)?.output ?? ''

  it('takes the right file, and tells a second try how far the deal is', async () => {
    expect(recorded('5-cli-import-data')).toContain('scheduled for execution')
    const { uuid, path } = await imported()
    await settled(uuid)
    const again = recorded('5-cli-import-data-again').replace(/^Error: [^:]+: |\n$/g, '')
    await expect(world.provider.operator['deals.importData']({ id: uuid, path })).rejects.toThrow(
      again.replace(/[0-9a-f-]{36}/, uuid),
    )
  })

  it('knows no deal by another uuid', async () => {
    expect(recorded('5-cli-import-data-unknown')).toContain('no pre-existing deal proposal')
    const id = '7a1b9e60-53db-4c0f-80b5-30ee04b15b54'
    await expect(
      world.provider.operator['deals.importData']({ id, path: '/dev/null' }),
    ).rejects.toMatchObject({ code: 'DEAL_UNKNOWN' })
  })

  it('tells the client that the file was the wrong one, and goes on waiting', async () => {
    expect(recorded('5-cli-import-data-wrong')).toContain('scheduled for execution')
    const [exchange] = stages.get('offline-import-wrong') ?? []
    const theirs = recordedStatus(exchange as Exchange)
    const { uuid } = await imported(randomBytes(carBytes))
    const answer = await until(
      'the wrong file to be refused',
      () => status(uuid),
      ({ dealStatus }) => dealStatus?.error !== '',
    )
    expect(answer.dealStatus?.status).toBe(theirs.dealStatus?.status)
    expect(inShape(answer.dealStatus?.error ?? '')).toBe(inShape(theirs.dealStatus?.error ?? ''))
  })
})

describe('a URL into a private network', () => {
  const aimed: Record<string, string> = {
    'private-ip': 'http://10.0.0.1/x.car',
    'private-loopback': 'http://127.0.0.1:21998/x.car',
    'private-localhost': 'http://localhost:21998/x.car',
  }

  it('is accepted and fails when the transfer starts, with the same words; loopback too, unlike there', async () => {
    const flags = ['--transfer-allow-private-addresses', 'false']
    const strict = await BoostWorld.start({ dir: `${dir}/strict`, redisUrl: redis.url, head: 6_318, flags })
    const recorded = recordedStatus(stages.get('private-ip')?.at(-1) as Exchange)
    for (const [situation, url] of Object.entries(aimed)) {
      expect(stages.has(situation)).toBe(true)
      const params = strict.client.propose(randomBytes(carBytes), {
        url,
        startEpoch: 8_318,
        price: 1_000_000n,
      })
      expect(await proposeDeal(strict.connection, params)).toEqual({ accepted: true, message: '' })
      await strict.provider.dealIn(params.dealUuid, 'Failed')
      expect((await strict.client.status(strict.connection, params.dealUuid)).dealStatus).toMatchObject({
        status: 'Complete',
        error: recorded.dealStatus?.error,
      })
    }
    await strict.stop()
  })
})
