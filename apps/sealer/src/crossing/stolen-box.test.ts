import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Address, clientDealProposal } from '@sealane/actors'
import { createAuthority, issueCertificate, loadIdentity, tlsOptions } from '@sealane/host'
import { homeward, kind, type PayloadOf } from '@sealane/jobs'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type AppProcess, Home } from '../testing/home.js'
import { offerDeal } from '../testing/offer-deal.js'

/**
 * The provider's box in an attacker's hands: its certificate and key, its piece server, its Redis with both queues. Whatever is put
 * there, home asks the miner for nothing but honest deals, dials nobody but those in its settings, and writes nothing elsewhere.
 */
const redis = localRedis()
const dir = temporaryDirectory()
const us = 'f01000' as Address
/** The homeward queue as whoever owns Redis writes to it: any JSON at all. */
const anything = kind({ queue: homeward.queue, payload: z.any(), id: () => `forged-${randomUUID()}` })

type Offer = Extract<PayloadOf<typeof homeward>['message'], { kind: 'dealOffered' }>
type Manners = (request: IncomingMessage, response: ServerResponse, bytes: Uint8Array) => void

let home: Home
let sealer: AppProcess
let stolen: ReturnType<typeof createServer>
let elsewhere: ReturnType<typeof createHttp>
/** What the stolen piece server was asked for. */
const paths: string[] = []
/** Connections to an address that only forged messages and redirects name. */
let dialledElsewhere = 0
const served = new Map<string, { bytes: Uint8Array; manners: Manners }>()
/** Deals that an honest home takes. */
const honest = new Set<string>()
let sequence = 0

const port = (server: { address(): unknown }) => (server.address() as AddressInfo).port
const url = () => `http://127.0.0.1:${port(elsewhere)}/x`

beforeAll(async () => {
  home = await Home.open(dir, redis.url)
  const identity = loadIdentity(join(dir, 'tls'), 'provider')
  elsewhere = createHttp((_request, response) => response.end())
  elsewhere.on('connection', () => {
    dialledElsewhere += 1
  })
  stolen = createServer(tlsOptions(identity), (request, response) => {
    paths.push(request.url ?? '')
    const found = served.get(request.url?.split('/')[2] ?? '')
    if (found === undefined) response.writeHead(404).end()
    else found.manners(request, response, found.bytes)
  })
  for (const server of [elsewhere, stolen])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  home.settings.provider.pieces_url = `https://127.0.0.1:${port(stolen)}`
  sealer = home.spawnCoordinator()
  await until(
    'the sealer',
    () => home.operator.health({}),
    ({ rooms }) => rooms.some(({ room, ok }) => room === 'crossing' && ok),
    { deadlineMs: 20_000 },
  )
}, 60_000)
afterAll(async () => {
  await home.close()
  for (const server of [elsewhere, stolen]) {
    server.closeAllConnections()
    server.close()
  }
})

const whole: Manners = (request, response, bytes) => {
  const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0)
  response.writeHead(206, { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` })
  response.end(bytes.subarray(start))
}

/** An offer as an honest provider makes it, with its bytes ready to be served as `manners` says. */
function offer(manners: Manners = whole) {
  sequence += 1
  const bytes = new Uint8Array(randomBytes(2000))
  const job = offerDeal(bytes, us, sequence)
  const message = job.message as Offer
  served.set(message.pieceCid, { bytes, manners })
  return { job, message }
}

const put = (...jobs: unknown[]) => home.abroad.addBulk(anything, jobs)

/** An honest deal offered after what was forged: when home has it, home has seen all that came before. */
async function stillHonest(): Promise<void> {
  const { job, message } = offer()
  honest.add(message.dealUuid)
  await home.abroad.add(homeward, job)
  await until(
    'the honest deal to be published',
    () => home.miner.asked,
    (asked) => asked.includes(`publish ${message.dealUuid}`),
    { deadlineMs: 20_000 },
  )
}

async function pieceOf(uuid: string) {
  return (await home.operator['pieces.list']({})).find(({ dealUuid }) => dealUuid === uuid)
}

/** Ports of other machines' servers that the sealer has open, from the kernel's own table. */
function dialled(): number[] {
  const sockets = readdirSync(`/proc/${sealer.pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${sealer.pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return []
    }
  })
  const own = new Set(
    [home.settings.grpc.listen, home.settings.hub.listen].map((at) => Number(at.split(':')[1])),
  )
  const rows = readFileSync(`/proc/${sealer.pid}/net/tcp`, 'utf8').trim().split('\n').slice(1)
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(
      ([, , remote, , , , , , , inode]) => !remote?.startsWith('00000000') && sockets.includes(inode ?? ''),
    )
    .filter(([, local]) => !own.has(Number.parseInt(local?.split(':')[1] ?? '', 16)))
    .map(([, , remote]) => Number.parseInt(remote?.split(':')[1] ?? '', 16))
}

/** Every file below a folder, without what a database keeps beside itself. */
function tree(at: string): string[] {
  return readdirSync(at, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(at.length + 1))
    .filter((name) => !/-(wal|shm)$/.test(name))
}

/** Nothing asked, dialled, fetched or written but for honest deals. */
function nothingElse(): void {
  const asked = home.miner.asked.filter((line) => line.startsWith('publish '))
  expect(asked.filter((line) => !honest.has(line.slice('publish '.length)))).toEqual([])
  expect(dialledElsewhere).toBe(0)
  expect(paths.filter((path) => !/^\/pieces\/baga[a-z0-9]+\/\d+$/.test(path))).toEqual([])
  const configured = [home.settings.miner.grpc.split(':')[1], String(port(stolen))].map(Number)
  expect(dialled().filter((one) => !configured.includes(one))).toEqual([])
  const places =
    /^(sealer\.(db|lock|lock-journal|lock\.pid)|pieces\/baga[\w.-]+|trash\/\d{4}-\d\d-\d\d\/[\w.-]+(\/[\w.-]+)?)$/
  expect(tree(join(dir, 'sealer')).filter((name) => !places.test(name))).toEqual([])
  const known = ['abroad', 'run', 'sealer', 'sealer.log', 'sealer.toml', 'tls', 'other']
  expect(readdirSync(dir).filter((name) => !known.includes(name))).toEqual([])
}

describe('a stolen box', () => {
  it('with jobs of no kind, or of a kind with wrong fields', async () => {
    const { job, message } = offer()
    // What it says is a client's own signed deal with us: under whatever subject it comes, it may be taken.
    honest.add(message.dealUuid)
    const paths = [
      '../../../etc/passwd',
      '/etc/passwd',
      url(),
      'a/b',
      '..',
      '',
      'x'.repeat(200),
      null,
      7,
      {},
      [],
    ]
    await put(null, 42, 'text', [], {}, { message: null }, { ...job, message: { kind: 'sudo' } })
    for (const field of ['dealUuid', 'pieceCid', 'pieceSize', 'payloadSize', 'signedProposal'])
      await put(...paths.map((value) => ({ ...job, message: { ...message, [field]: value } })))
    for (const field of ['sender', 'subject', 'sequence', 'tries'])
      await put(...paths.filter((value) => value !== 7).map((value) => ({ ...job, [field]: value })))
    await put(
      ...paths.map((value) => ({ ...job, message: { kind: 'dealWithdrawn', dealUuid: value, reason: 'x' } })),
      ...paths.map((value) => ({ ...job, message: { kind: 'askWanted', sequence: value, ask: value } })),
      ...paths.map((value) => ({ ...job, message: { kind: 'acknowledgements', of: value } })),
      { ...job, message: JSON.parse('{"kind":"dealOffered","__proto__":{"dealUuid":"x"}}') },
      { ...job, constructor: { prototype: 'x' }, message: { kind: 'constructor' } },
    )
    await stillHonest()
    expect(await home.operator['sectors.list']({}).then((rows) => rows.length)).toBeLessThanOrEqual(2)
    nothingElse()
  })

  it('with jobs too large', async () => {
    const { job, message } = offer()
    const grown = (bytes: number) => ({ ...job, message: { ...message, signedProposal: 'A'.repeat(bytes) } })
    await put(grown(16_385), grown(70_000), grown(200_000), grown(4_000_000), {
      ...job,
      junk: 'x'.repeat(70_000),
    })
    const of = Array.from({ length: 201 }, () => ({ sender: job.sender, subject: 's', sequence: 1 }))
    await put({ ...job, message: { kind: 'acknowledgements', of } })
    await stillHonest()
    nothingElse()
  })

  it('with proposals that no client signed for us', async () => {
    for (let bit = 0; bit < 60; bit += 1) {
      const { job, message } = offer()
      const bytes = Buffer.from(message.signedProposal, 'base64')
      const at = Math.floor((bit * bytes.length) / 60)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8))
      await put({ ...job, message: { ...message, signedProposal: bytes.toString('base64') } })
    }
    const { job, message } = offer()
    const others = offerDeal(new Uint8Array(randomBytes(2000)), 'f01001' as Address, sequence)
    const signed = clientDealProposal.decode(new Uint8Array(Buffer.from(message.signedProposal, 'base64')))
    const priced = { ...signed, proposal: { ...signed.proposal, storagePricePerEpoch: 10n ** 30n } }
    const encoded = Buffer.from(clientDealProposal.encode(priced as typeof signed)).toString('base64')
    await put(
      others,
      { ...job, message: { ...message, signedProposal: encoded } },
      { ...job, message: { ...message, signedProposal: (others.message as Offer).signedProposal } },
      { ...job, message: { ...message, pieceCid: (others.message as Offer).pieceCid } },
      { ...job, message: { ...message, pieceSize: '4096' } },
      ...['0', '64', '2033', '99999999999999999999'].map((payloadSize) => ({
        ...job,
        message: { ...message, payloadSize },
      })),
      offerDeal(new Uint8Array(randomBytes(3000)), us, sequence, { pieceSize: 4096 }),
    )
    await stillHonest()
    nothingElse()
  })

  it('with old, repeated and contradicting messages of a deal that home has', async () => {
    const { job, message } = offer()
    honest.add(message.dealUuid)
    await put(job)
    await stillHonest()
    const before = await pieceOf(message.dealUuid)
    const other = offer()
    const asBefore = { ...other.message, dealUuid: message.dealUuid }
    await put(
      job,
      { ...job, tries: 7 },
      { ...job, sequence: 0, message: asBefore },
      { ...job, sequence: 999_999, message: asBefore },
      { ...job, sender: `provider~${'f'.repeat(28)}`, message: asBefore },
      { ...job, sender: `sealer~${'f'.repeat(28)}`, subject: 'ask', message: asBefore },
      // Home's own words, played back; and words that end what home still has to say.
      ...home.outward.map((told) => ({ ...job, message: told })),
      { ...job, message: { kind: 'dealWithdrawn', dealUuid: message.dealUuid, reason: 'the box says so' } },
      { ...job, message: { kind: 'dealWithdrawn', dealUuid: randomUUID(), reason: 'unknown' } },
    )
    await stillHonest()
    const after = await pieceOf(message.dealUuid)
    expect([after?.pieceCid, after?.proposalCid]).toEqual([before?.pieceCid, before?.proposalCid])
    expect(after?.state).not.toBe('Dropped')
    expect(home.miner.asked.filter((line) => line === `publish ${message.dealUuid}`)).toHaveLength(1)
    nothingElse()
  })

  it('with a piece server that lies', async () => {
    const endless: Manners = (_request, response, bytes) => {
      response.writeHead(206, { 'content-range': `bytes 0-${bytes.length - 1}/${bytes.length}` })
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      }
      response.on('drain', more)
      more()
    }
    const lies: Manners[] = [
      (_request, response) => response.writeHead(302, { location: url() }).end(),
      (_request, response) => response.writeHead(307, { location: 'file:///etc/passwd' }).end(),
      (request, response, bytes) =>
        whole(
          request,
          response,
          bytes.map((byte) => byte ^ 1),
        ),
      (request, response, bytes) => whole(request, response, bytes.subarray(0, 1999)),
      (request, response) => whole(request, response, new Uint8Array(2 ** 20)),
      (_request, response, bytes) => response.writeHead(200).end(bytes),
      (_request, response) =>
        response.writeHead(206, { 'content-range': 'bytes 0-1/99999999999999999999' }).end(),
      endless,
    ]
    for (const manners of lies) await put(offer(manners).job)
    // Valid offers with fields that no schema knows: taken as what they are, without those fields.
    const extra = offer()
    honest.add(extra.message.dealUuid)
    const fields = { url: url(), path: '/etc/passwd', piecesUrl: url(), command: 'id' }
    await put({ ...extra.job, ...fields, message: { ...extra.message, ...fields } })
    await stillHonest()
    await until(
      'each lie to be met',
      () => paths.length,
      (count) => count >= lies.length,
    )
    nothingElse()
    for (const name of tree(join(dir, 'sealer/pieces'))) {
      const at = served.get(/baga[a-z0-9]+/.exec(name)?.[0] ?? '')
      if (at?.manners === whole)
        expect(readFileSync(join(dir, 'sealer/pieces', name))).toEqual(Buffer.from(at.bytes))
    }
  }, 60_000)

  it('that is revoked: another authority, and its certificate opens nothing', async () => {
    await createAuthority(join(dir, 'other'))
    await issueCertificate(join(dir, 'other'), { role: 'provider' })
    const asked = paths.length
    stolen.setSecureContext(tlsOptions(loadIdentity(join(dir, 'other'), 'provider')))
    const { job, message } = offer()
    await put(job)
    const row = await until(
      'the deal to say why it waits',
      () => pieceOf(message.dealUuid),
      (piece) => piece?.failure != null,
    )
    expect(row?.failure?.text).toMatch(/the server's certificate is of another authority/)
    expect(paths).toHaveLength(asked)
    nothingElse()
  })
})
