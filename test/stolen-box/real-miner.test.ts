import { randomBytes, randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Address,
  clientDealProposal,
  type DealProposal,
  dealProposalCid,
  publishStorageDealsParams,
} from '@sealane/actors'
import { attoFil, epoch, paddedSize } from '@sealane/fil-units'
import { fetchRange, grpcChannel, grpcClient, loadIdentity } from '@sealane/host'
import { outward } from '@sealane/jobs'
import { signedStorageAsk, storageAsk } from '@sealane/market'
import { minerV1, workV1 } from '@sealane/proto'
import { localRedis, temporaryDirectory, until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAILY_OFFERS, HomeSite } from './home-site.js'
import { anything, type Client, type Forged, newClient, StolenBox } from './stolen-box.js'

/**
 * The provider's box in an attacker's hands, against the real home: devnet, miner and coordinator as their own processes. The attacker
 * has the certificate, the Redis, clients of his own with money on chain, and signs whatever words he likes with their keys. At the end
 * the miner's signature log, its messages, the chain and both state directories hold honest deals and nothing else.
 */
const FIL = 10n ** 18n
const LONG = { deadlineMs: 120_000 }

describe('a stolen box and the real miner', { timeout: 240_000 }, () => {
  const dir = temporaryDirectory()
  const crossing = localRedis()
  const home = localRedis()
  /** Proposals that home may publish: honest ones. */
  const honest = new Set<string>()
  /** Their labels: the chain keeps a proposal with its client's ID address, so under another CID. */
  const labels = new Set<unknown>()
  const told: unknown[] = []
  let site: HomeSite
  let box: StolenBox
  let rich: Client

  beforeAll(async () => {
    site = await HomeSite.open(dir, { crossingUrl: crossing.url, homeUrl: home.url })
    box = await StolenBox.open({
      chain: site.devnet.chain,
      miner: site.address,
      dir,
      crossingUrl: crossing.url,
    })
    box.queues.work(outward, async ({ message }) => void told.push(message))
    await site.startSealer(box.piecesUrl)
    rich = await box.richClient(site.devnet.fundTo)
  }, 240_000)
  afterAll(async () => {
    await box?.close()
    await site?.close()
  })

  const publications = () =>
    site.rows('miner', 'SELECT request_id, proposal_cid, state, why FROM publications')
  const pieces = () =>
    site.rows('sealer', 'SELECT deal_uuid, proposal_cid, state, failure, signed_proposal FROM pieces')

  /** An honest deal behind what was forged: when it is published, home has judged all that came before. */
  async function stillHonest(): Promise<Forged> {
    const offer = await box.offer(rich)
    honest.add(offer.proposalCid)
    labels.add(offer.label)
    await box.put(offer.job)
    await until(
      'the honest deal to be published',
      publications,
      (rows) => rows.some((row) => row.proposal_cid === offer.proposalCid && row.state === 'Published'),
      LONG,
    )
    return offer
  }

  /** Waits until home has made up its mind of each of these, and returns what it says. */
  async function verdicts(offers: readonly Forged[]): Promise<{ state: unknown; why: string }[]> {
    const of = (rows: ReturnType<typeof pieces>) =>
      offers.map(({ message }) => {
        const row = rows.find(({ deal_uuid }) => deal_uuid === message.dealUuid)
        const failure = JSON.parse(String(row?.failure ?? 'null')) as { text: string } | null
        return { state: row?.state, why: failure?.text ?? '' }
      })
    const judged = await until(
      'all to be judged',
      () => of(pieces()),
      (rows) => rows.every(({ state }) => state === undefined || state === 'Dropped' || state === 'Held'),
      LONG,
    )
    return judged
  }

  /** Everything that home has signed, bound, sent and written, against the honest deals. */
  async function nothingElse(): Promise<void> {
    const messages = site.rows('miner', 'SELECT class, method, to_address, value, params, cid FROM messages')
    const classes = new Set(messages.map((row) => row.class))
    expect(
      [...classes].filter(
        (name) => !['createMiner', 'control', 'publish', 'marketAdd'].includes(String(name)),
      ),
    ).toEqual([])
    const published = messages
      .filter((row) => row.class === 'publish')
      .flatMap((row) => publishStorageDealsParams.decode(row.params as Uint8Array).deals)
      .map(({ proposal }) => dealProposalCid(proposal))
    expect(published.filter((cid) => !honest.has(cid))).toEqual([])
    // Each signature belongs to a message in the store, or is an ask that policy allows.
    const signatures = site.rows('miner', 'SELECT kind, cid, request_id FROM signatures')
    const cids = new Set(site.rows('miner', 'SELECT cid FROM signings').map((row) => row.cid))
    expect(signatures.filter((row) => row.kind === 'message' && !cids.has(row.cid))).toEqual([])
    expect(signatures.filter((row) => row.kind !== 'message' && row.cid !== 'ask 7')).toEqual([])
    // On chain: our deals are the honest ones; our worker sent what the store holds and no more.
    const onChain: unknown[] = []
    for (let id = 0; ; id += 1) {
      const deal = await site.devnet.chain.marketDeal(id)
      if (deal === undefined) break
      onChain.push(deal.proposal.label)
    }
    expect(onChain.filter((label) => !labels.has(label))).toEqual([])
    const { locked } = await site.devnet.chain.marketBalance(site.address as Address)
    expect(locked).toBeLessThan(FIL)
    // Fetched: pieces by CID from the address in home's settings. Written: rows and pieces of signed deals.
    expect(box.dialledElsewhere).toBe(0)
    expect(box.paths.filter((path) => !/^\/pieces\/baga[a-z0-9]+\/\d+$/.test(path))).toEqual([])
    const places = /^(sealer\.(db|lock|lock-journal|lock\.pid)|pieces\/baga[\w.-]+|trash\/[\w./-]+)$/
    expect(files('sealer').filter((name) => !places.test(name))).toEqual([])
    expect(
      files('miner').filter(
        (name) => !/^(miner\.db|lock|lock-journal|lock\.pid|keystore\/[\w.-]+|hub\/.*)$/.test(name),
      ),
    ).toEqual([])
    expect(readdirSync(dir).sort()).toEqual(
      [
        'devnet',
        'miner',
        'miner.log',
        'miner.toml',
        'run',
        'sealer',
        'sealer.log',
        'sealer.toml',
        'tls',
      ].sort(),
    )
  }
  const files = (app: string) =>
    readdirSync(join(dir, app), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(dir, app).length + 1))
      .filter((name) => !/-(wal|shm)$/.test(name))

  it('with its certificate at every door of home: none opens', async () => {
    await stillHonest()
    const tls = loadIdentity(join(dir, 'tls'), 'provider')
    const miner = grpcClient(
      minerV1.MinerServiceDefinition,
      grpcChannel({ address: `127.0.0.1:${site.ports.minerGrpc}`, tls, role: 'miner' }),
    )
    const signedProposal = new Uint8Array(randomBytes(200))
    for (const call of [
      () => miner.getStatus({}),
      () => miner.publishDeal({ requestId: randomUUID(), signedProposal }),
      () => miner.signAsk({ requestId: 'ask-1', ask: signedProposal }),
      () => miner.allocateSectorNumbers({ requestId: 'evil', count: 256, highestKnown: 2 ** 40 }),
      () => miner.submitPreCommit({}),
      () => miner.submitProveCommit({}),
    ])
      await expect(call()).rejects.toThrow(/may not call|refused/)
    for (const [at, role] of [
      [site.ports.minerGrpc, 'miner'],
      [site.ports.sealerGrpc, 'sealer'],
    ] as const) {
      const work = grpcClient(
        workV1.WorkServiceDefinition,
        grpcChannel({ address: `127.0.0.1:${at}`, tls, role }),
      )
      await expect(work.complete({ claimId: 'of another' })).rejects.toThrow(/may not call|refused/)
    }
    for (const [at, role] of [
      [site.ports.minerHub, 'miner'],
      [site.ports.sealerHub, 'sealer'],
    ] as const) {
      const read = async () => {
        const url = `https://127.0.0.1:${at}/pieces/x`
        const signal = AbortSignal.timeout(10_000)
        for await (const _ of fetchRange({ url, tls, role, start: 0n, sizeBytes: 10n, signal })) return 'read'
        return 'nothing'
      }
      await expect(read()).rejects.toThrow()
    }
    await nothingElse()
  })

  it('with jobs of other kinds and on other queues', async () => {
    const { message } = await box.offer(rich)
    const evil = { kind: 'send', to: 'f099', method: 16, value: String(5n * FIL), from: site.address }
    await box.put(
      box.job('x', evil as never),
      box.job(message.dealUuid, { ...message, url: box.evilUrl, pieceCid: '../../etc/passwd' } as never),
      box.job('ask', { kind: 'askSigned', sequence: 9, signedAsk: 'AAAA', refusal: null } as never),
      box.job('x', {
        kind: 'acknowledgements',
        of: [{ sender: `sealer~${'f'.repeat(28)}`, subject: 'ask', sequence: 9e15 }],
      }),
      ...(told as never[]).map((one) => box.job('x', one)),
      { ...box.job('x', evil as never), junk: 'x'.repeat(20_000_000) },
    )
    for (const queue of ['seal.pc1.x', 'seal.commit', 'post.snark', 'post.vanilla.x', 'outward', 'publish'])
      await box.queues.addBulk(anything(queue), [
        { sectorNumber: 1, turn: 1, tries: 0 },
        { miner: site.address, method: 21, params: 'AAAA' },
        box.job(message.dealUuid, message),
      ])
    await stillHonest()
    await nothingElse()
  })

  it('with deals that his own rich client signed, at terms that home does not take', async () => {
    const { height } = await site.devnet.chain.head()
    const start = height + 4 * 2880
    const terms: [Partial<DealProposal>, RegExp][] = [
      [{ storagePricePerEpoch: attoFil(0n) }, /the price 0 FIL per epoch is below/],
      [{ storagePricePerEpoch: attoFil(900n) }, /the price .* per epoch is below/],
      [{ providerCollateral: attoFil(0n) }, /provider collateral 0 FIL is outside/],
      [{ providerCollateral: attoFil(5n * FIL) }, /provider collateral 5 FIL is over our limit/],
      [{ providerCollateral: attoFil(10n ** 30n) }, /provider collateral .* is (outside|over our limit)/],
      [{ verifiedDeal: true }, /verified deals are not taken/],
      [{ startEpoch: epoch(height + 20) }, /too near/],
      [{ startEpoch: epoch(start), endEpoch: epoch(start + 10) }, /a deal lasts/],
      [
        { startEpoch: epoch(start), endEpoch: epoch(start + 1300 * 2880) },
        /no sector may live that long|a deal lasts/,
      ],
      [
        { startEpoch: epoch(height + 10 * 365 * 2880), endEpoch: epoch(height + 11 * 365 * 2880) },
        /too far away/,
      ],
      [{ label: 'x'.repeat(257) }, /label/],
      [{ label: new Uint8Array(257).fill(255) as never }, /label/],
      [{ provider: 'f099' as Address }, /^$/],
      [{ pieceSize: paddedSize(1024n) }, /^$/],
      [{ pieceSize: paddedSize(4096n) }, /^$/],
    ]
    const offers: Forged[] = []
    for (const [one] of terms) offers.push(await box.offer(rich, { terms: one }))
    await box.put(...offers.map(({ job }) => job))
    await stillHonest()
    const said = await verdicts(offers)
    for (const [at, [, why]] of terms.entries()) {
      expect(
        said[at]?.why,
        JSON.stringify(terms[at]?.[0], (_, value) => (typeof value === 'bigint' ? String(value) : value)),
      ).toMatch(why)
      expect([undefined, 'Dropped']).toContain(said[at]?.state)
    }
    await nothingElse()
  })

  it('with deals that nobody signed, or who cannot pay', async () => {
    const stranger = newClient()
    const poor = newClient()
    const unsigned = [
      await box.offer(rich, { key: stranger.key }),
      await box.offer({ ...rich, address: 'f01' as Address }, { key: stranger.key }),
      await box.offer({ ...rich, address: 'f05' as Address }, { key: stranger.key }),
      await box.offer({ ...rich, address: site.address as Address }, { key: stranger.key }),
    ]
    const broke = [
      // Unknown to the chain, though the words are well signed; and one that must put up more than he has.
      await box.offer(poor),
      await box.offer(poor, { terms: { clientCollateral: attoFil(10n ** 27n) } }),
      await box.offer(rich, { terms: { clientCollateral: attoFil(10n ** 27n) } }),
      await box.offer(rich, { terms: { storagePricePerEpoch: attoFil(10n ** 24n) } }),
    ]
    await box.put(...[...unsigned, ...broke].map(({ job }) => job))
    await stillHonest()
    const rows = await until(
      'the deals of clients who cannot pay to wait',
      publications,
      (all) =>
        broke.every(({ proposalCid }) =>
          all.some((row) => row.proposal_cid === proposalCid && /market escrow/.test(String(row.why))),
        ),
      LONG,
    )
    for (const { proposalCid } of unsigned)
      expect(rows.filter((row) => row.proposal_cid === proposalCid)).toEqual([])
    await nothingElse()
  })

  it('with one signed deal under a hundred names, withdrawn and offered again', async () => {
    const first = await stillHonest()
    await box.put(...Array.from({ length: 100 }, () => box.renamed(first).job))
    let one = await box.offer(newClient())
    for (let turn = 0; turn < 12; turn += 1) {
      const { dealUuid } = one.message
      await box.put(one.job, box.job(dealUuid, { kind: 'dealWithdrawn', dealUuid, reason: 'x' }))
      one = box.renamed(one)
    }
    await stillHonest()
    const rows = pieces()
    expect(rows.filter((row) => row.proposal_cid === first.proposalCid)).toHaveLength(1)
    expect(rows.filter((row) => row.proposal_cid === one.proposalCid).length).toBeLessThanOrEqual(4)
    const again = site.rows('miner', `SELECT 1 FROM publications WHERE proposal_cid = '${first.proposalCid}'`)
    expect(again).toHaveLength(1)
    await nothingElse()
  })

  it('with asks: home signs none below its own price, and none of another miner', async () => {
    const { height } = await site.devnet.chain.head()
    const ask = {
      miner: site.address as Address,
      price: attoFil(500_000_000n),
      verifiedPrice: attoFil(0n),
      minPieceSize: 256n,
      maxPieceSize: 2048n,
      timestamp: height,
      expiry: height + 1_000_000,
      sequence: 7,
    }
    const wanted = (sequence: number, change: object) =>
      box.job('ask', {
        kind: 'askWanted',
        sequence,
        ask: Buffer.from(storageAsk.encode({ ...ask, sequence, ...change })).toString('base64'),
      })
    const answers = () =>
      told.filter(
        (one): one is { kind: string; sequence: number; signedAsk: string | null; refusal: string | null } =>
          (one as { kind: string }).kind === 'askSigned',
      )
    for (const [sequence, change] of [
      [1, { price: 0n }],
      [2, { price: 499_999_999n }],
      [3, { miner: 'f099' }],
      [7, {}],
    ] as const) {
      await box.put(wanted(sequence, change))
      await until('the ask is answered', answers, (all) => all.some((one) => one.sequence === sequence), LONG)
    }
    const refusals = Object.fromEntries(answers().map(({ sequence, refusal }) => [sequence, refusal]))
    expect(refusals[1]).toMatch(/price of 0 FIL is below publish\.min_price of 0\.0000000005 FIL/)
    expect(refusals[2]).toMatch(/is below publish\.min_price/)
    expect(refusals[3]).toMatch(/the ask names f099/)
    const signed = answers().find(({ sequence }) => sequence === 7)?.signedAsk
    expect(signedStorageAsk.decode(Buffer.from(signed ?? '', 'base64')).ask?.price).toBe(500_000_000n)
    await nothingElse()
  })

  it('with clients without end: a day brings so many rows, and an honest deal is not starved', async () => {
    const { height } = await site.devnet.chain.head()
    const flood: Forged[] = []
    const known = pieces().length
    while (flood.length + known < DAILY_OFFERS - 20)
      flood.push(
        await box.offer(newClient(), {
          terms: { startEpoch: epoch(height + 400), endEpoch: epoch(height + 400 + 181 * 2880) },
        }),
      )
    await box.put(...flood.map(({ job }) => job))
    await stillHonest()
    const more: Forged[] = []
    for (let at = 0; at < 60; at += 1) more.push(await box.offer(newClient()))
    await box.put(...more.map(({ job }) => job))
    await until(
      'home says that it is enough',
      () => site.log('sealer'),
      (log) => log.includes('more wait for tomorrow or a higher intake.daily_offers'),
      LONG,
    )
    expect(site.rows('sealer', 'SELECT offers FROM offer_days').map((row) => Number(row.offers))).toEqual([
      DAILY_OFFERS,
    ])
    expect(pieces().length).toBeLessThanOrEqual(DAILY_OFFERS)
    // Whatever sequence and subject he makes up, what home remembers of them is bounded, too.
    expect(site.rows('sealer', 'SELECT 1 FROM inbox').length).toBeLessThanOrEqual(DAILY_OFFERS + 1)
    for (const row of pieces())
      expect(
        clientDealProposal.decode(Buffer.from(String(row.signed_proposal), 'base64')).proposal.provider,
      ).toBe(site.address)
    await nothingElse()
  })
})
