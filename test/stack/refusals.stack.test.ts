import { randomBytes, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { clientDealProposal, dealProposalCid, idAddress, pieceCid } from '@sealane/actors'
import { generateKey } from '@sealane/crypto'
import { epoch } from '@sealane/fil-units'
import { createQueues } from '@sealane/host'
import { homeward } from '@sealane/jobs'
import { dealParams, dealProtocols, dealUuidFromBytes } from '@sealane/market'
import { until } from '@sealane/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Manners, TestClient } from './client.js'
import { patienceMs, processesOf, Stack, stateHome } from './stack.js'

const file = () => randomBytes(2032)
const refused = (message: unknown) => ({ accepted: false, message })

describe('what is hostile or wrong', () => {
  const home = stateHome()
  let stack: Stack
  let client: TestClient
  /** The processes before anything hostile: the same live after it. */
  let pids: number[]
  /** The one honest deal. */
  let honest: string

  const services = () =>
    processesOf(home)
      .filter(({ command }) => /--config |redis-server/.test(command))
      .map(({ pid }) => pid)
      .sort()
  const dealRow = (id: string) => stack.apps.provider['deals.get']({ id })

  beforeAll(async () => {
    stack = Stack.start(home, ['--prover', 'trapdoor'])
    const { deals } = await stack.summary()
    honest = deals[0]?.dealUuid ?? ''
    client = await TestClient.of(stack)
    pids = services()
  }, patienceMs)
  afterAll(() => client?.close())

  it('is refused at the proposal: another key, a past start, another provider, a replay', async () => {
    const stranger = generateKey('secp256k1', randomBytes(32))
    expect((await client.propose(file(), { key: stranger })).answer).toEqual(
      refused('failed validation: server error: validating signature'),
    )
    const { height } = await stack.chain.head()
    expect((await client.propose(file(), { terms: { startEpoch: epoch(height - 10) } })).answer).toEqual(
      refused(
        expect.stringMatching(
          `^failed validation: deal start epoch ${height - 10} has already elapsed \\(current epoch: \\d+\\)$`,
        ),
      ),
    )
    expect((await client.propose(file(), { terms: { provider: idAddress(999) } })).answer).toEqual(
      refused(
        expect.stringMatching(
          /^failed validation: incorrect provider for deal; proposal\.Provider: t0999; provider\.Address: t01004$/,
        ),
      ),
    )
    // A deal that has failed may be proposed again: this one must not fail before its copy comes.
    const { promise: copySent, resolve: letFail } = Promise.withResolvers<void>()
    const gone: Manners = (_request, response) => void copySent.then(() => response.writeHead(404).end())
    const { params, answer } = await client.propose(file(), { manners: gone })
    expect(answer).toEqual({ accepted: true, message: '' })
    expect(await client.send({ ...params, dealUuid: dealUuidFromBytes(randomBytes(16)) })).toEqual(
      refused(
        expect.stringMatching(
          new RegExp(`^deal proposal is identical to deal ${params.dealUuid} \\(proposed at `),
        ),
      ),
    )
    letFail()
    await until(
      'the deal whose data is not there to fail',
      () => dealRow(params.dealUuid),
      ({ state }) => state === 'Failed',
      { deadlineMs: patienceMs },
    )
  })

  it.each([
    ['garbage', async () => new Uint8Array(randomBytes(200)).fill(0xff, 0, 1)],
    ['half a message', async () => dealParams.encode(await client.params(file())).subarray(0, 150)],
  ])('%s on the stream gets no answer', async (_what, bytes) => {
    const before = (await stack.apps.provider['deals.list']({})).length
    const stream = await client.connection.newStream([...dealProtocols])
    let got = 0
    const ended = new Promise<void>((resolve) => {
      stream.addEventListener('message', ({ data }) => {
        got += data.byteLength
      })
      stream.addEventListener('remoteCloseWrite', () => resolve())
      stream.addEventListener('close', () => resolve())
    })
    stream.send(await bytes())
    await stream.close()
    await ended
    expect(got).toBe(0)
    expect(await stack.apps.provider['deals.list']({})).toHaveLength(before)
  })

  it.each<[string, string, Manners | undefined, RegExp]>([
    [
      'other bytes than it promised',
      'COMMP_MISMATCH',
      (_request, response, data) => {
        response.writeHead(200, { 'content-length': data.length })
        response.end(data.map((byte) => byte ^ 1))
      },
      /failed to verify CommP: commP expected=baga\w+, actual=baga\w+/,
    ],
    [
      'another length',
      'TRANSFER_FAILED',
      (_request, response, data) => response.writeHead(200, { 'content-length': data.length + 1 }).end(),
      /^data-transfer failed: deal size mismatch: head: 2033, dealInfo: 2032$/,
    ],
    [
      'more than it says',
      'TRANSFER_FAILED',
      (_request, response, data) => {
        response.writeHead(200)
        response.end(Buffer.concat([data, data]))
      },
      /^data-transfer failed: the server sends more than the 2032 bytes of the deal$/,
    ],
  ])('a data server that sends %s', async (_what, _code, manners, text) => {
    const { uuid, answer } = await client.propose(file(), manners === undefined ? {} : { manners })
    expect(answer).toEqual({ accepted: true, message: '' })
    const row = await until(
      'the deal to fail',
      () => dealRow(uuid),
      ({ state }) => state === 'Failed',
      { deadlineMs: patienceMs },
    )
    expect(row.failure?.text).toMatch(text)
  })

  it('a commitment to other bytes, served honestly', async () => {
    const terms = { pieceCid: pieceCid(new Uint8Array(randomBytes(32)).fill(0, 31)) }
    const { uuid, answer } = await client.propose(file(), { terms })
    expect(answer).toEqual({ accepted: true, message: '' })
    const row = await until(
      'the deal to fail',
      () => dealRow(uuid),
      ({ state }) => state === 'Failed',
      { deadlineMs: patienceMs },
    )
    expect(row.failure).toMatchObject({
      code: 'COMMP_MISMATCH',
      text: expect.stringContaining(`expected=${terms.pieceCid}`),
    })
  })

  it('forged jobs on the way home', async () => {
    const pieces = async () => await stack.apps.sealer['pieces.list']({})
    const before = await pieces()
    const config = readFileSync(join(home, 'config/sealer.toml'), 'utf8')
    const url = /\[crossing\]\nredis_url = "([^"]+)"/.exec(config)?.[1] ?? ''
    const queues = createQueues({ url, name: 'crossing' })
    // Whoever owns the box abroad can write to the crossing, but signs for nobody.
    const offered = async (
      o: Parameters<TestClient['params']>[1] & { pieceCid?: string; payloadSize?: string } = {},
    ) => {
      const { clientDealProposal: signed } = await client.params(file(), o)
      return {
        kind: 'dealOffered' as const,
        dealUuid: randomUUID(),
        signedProposal: Buffer.from(clientDealProposal.encode(signed)).toString('base64'),
        pieceCid: o.pieceCid ?? signed.proposal.pieceCid,
        pieceSize: String(signed.proposal.pieceSize),
        payloadSize: o.payloadSize ?? '2032',
      }
    }
    const stranger = generateKey('secp256k1', randomBytes(32))
    const [kept] = stack.rows<{ signed_proposal: string; piece_cid: string; payload_size: number }>(
      'sealer',
      'SELECT signed_proposal, piece_cid, payload_size FROM pieces',
    )
    if (kept === undefined) throw new Error('home has no piece')
    const forged = [
      await offered({ key: stranger }),
      await offered({ terms: { provider: idAddress(999) } }),
      await offered({ pieceCid: pieceCid(new Uint8Array(32)) }),
      await offered({ payloadSize: '2033' }),
      { ...(await offered()), signedProposal: Buffer.from('not a proposal').toString('base64') },
      // What the client did sign, once more under another name.
      {
        kind: 'dealOffered' as const,
        dealUuid: randomUUID(),
        signedProposal: kept.signed_proposal,
        pieceCid: kept.piece_cid,
        pieceSize: '2048',
        payloadSize: String(kept.payload_size),
      },
      // Of a deal that home has long proven: nothing abroad ends it.
      { kind: 'dealWithdrawn' as const, dealUuid: honest, reason: 'forged' },
    ]
    const sender = `provider~${randomBytes(14).toString('hex')}`
    for (const message of forged) {
      await queues.add(homeward, { sender, subject: message.dealUuid, sequence: 1, tries: 0, message })
    }
    await until(
      'the forged jobs to be taken',
      () => queues.depth(homeward.queue),
      (depth) => depth === 0,
      { deadlineMs: patienceMs },
    )
    const log = () => readFileSync(join(home, 'log/sealer.log'), 'utf8')
    for (const reason of [
      'the client did not sign this proposal',
      'it is for f0999, this is f01004',
      'its piece CID is not the proposal’s',
      '2033 bytes do not fit a piece of 2048',
      'not a signed proposal',
      `its proposal is deal ${honest}’s already`,
    ]) {
      await until(`the log to say "${reason}"`, log, (text) => text.includes(`offer refused: ${reason}`))
    }
    expect(await pieces()).toEqual(before)

    await queues.close()
  })

  it('leaves nothing behind, and everything up: the next honest deal is proven', async () => {
    expect(services()).toEqual(pids)
    expect(stack.told.filter(({ event }) => event === 'restarted')).toEqual([])
    const { provider, sealer } = stack.apps
    const rows = await provider['deals.list']({})
    expect(rows.filter(({ state }) => state !== 'Failed').map(({ dealUuid }) => dealUuid)).toEqual([honest])
    await until(
      'staging to be empty',
      () => provider.status({}),
      ({ stagingUsedBytes }) => stagingUsedBytes === '0',
    )
    const staging = join(home, 'state/provider/staging')
    const left = existsSync(staging) ? readdirSync(staging).filter((name) => name !== 'trash') : []
    expect(left).toEqual([])
    const pieces = await sealer['pieces.list']({})
    expect(pieces.map(({ dealUuid }) => dealUuid)).toEqual([honest])
    expect((await sealer['sectors.list']({})).map(({ sectorNumber }) => sectorNumber)).toEqual([1])
    expect(await stack.apps.miner['publications.list']({})).toHaveLength(1)

    const data = file()
    const { uuid, answer, params } = await client.propose(data)
    expect(answer).toEqual({ accepted: true, message: '' })
    expect(dealProposalCid(params.clientDealProposal.proposal)).toBe((await dealRow(uuid)).proposalCid)
    await until(
      'the deal to be proven',
      () => dealRow(uuid),
      ({ provenEpoch }) => provenEpoch !== null,
      { deadlineMs: patienceMs },
    )
    // The same signed words again, now that they are kept.
    expect(await client.send({ ...params, dealUuid: dealUuidFromBytes(randomBytes(16)) })).toMatchObject({
      accepted: false,
    })
    expect(await stack.stop()).toBe(0)
  })
})
