import { built, fromHex, holds, only, recorded } from '../sources.mjs'

const actors = await built('packages/actors')
const jobs = await built('packages/jobs')

const sender = 'provider-1~00000000000000000000000000ab'
const envelope = (message) => ({ sender, subject: 'd-1', sequence: 3, tries: 0, message })
const uuid = 'd1f8c7a0-3b1e-4e5d-9c55-0a1b2c3d4e5f'

/** An offer whose signed words are real. */
function offers() {
  return recorded('market-mk12.json').flatMap(({ kind, client_deal_proposal_cbor: cbor }) => {
    if (kind !== 'deal_proposal') return []
    const { proposal } = actors.clientDealProposal.decode(fromHex(cbor))
    return [
      {
        kind: 'dealOffered',
        dealUuid: uuid,
        signedProposal: Buffer.from(cbor, 'hex').toString('base64'),
        pieceCid: proposal.pieceCid,
        pieceSize: `${proposal.pieceSize}`,
        payloadSize: '1000',
        provider: proposal.provider,
      },
    ]
  })
}

const homeward = () => [
  ...offers().map(({ provider: _, ...offer }) => offer),
  { kind: 'dealWithdrawn', dealUuid: uuid, reason: 'start epoch passed' },
  { kind: 'askWanted', sequence: 2, ask: 'oA==' },
  { kind: 'acknowledgements', of: [{ sender, subject: 'd-1', sequence: 1 }] },
]

const progress = {
  kind: 'dealProgress',
  dealUuid: uuid,
  pieceState: 'Sealed',
  publicationState: 'Sent',
  sectorNumber: 4,
  sectorState: 'Proving',
  publishCid: 'bafy2bzaceb6rdhj6ym24wltyj3ig3alpd6b7rwiimkddvbfwjckzcvhxa3m2k',
  dealId: 9,
  preCommitCid: null,
  proveCommitCid: null,
  windowPostCid: null,
  activeEpoch: 77,
  provenEpoch: null,
  failure: { code: 'X', remedy: 'hold', text: 'y' },
  waitingFor: null,
}
const outward = () => [
  progress,
  { kind: 'askSigned', sequence: 2, signedAsk: 'oA==', refusal: null },
  { kind: 'acknowledgements', of: [{ sender, subject: 'd-1', sequence: 1 }] },
]

/** A job's payload, by its schema; then what the app makes of it before any database is asked. */
const crossing = (kind, messages, then) => () => ({
  form: 'json',
  corpus: messages().map(envelope),
  decode(input) {
    const parsed = kind.payload.safeParse(JSON.parse(input))
    if (!parsed.success) return false
    const id = kind.id(parsed.data)
    holds(!id.includes(':') && id.length < 300, 'a job id has no colon')
    then?.(parsed.data.message)
    return true
  },
  refuses: (error) => error instanceof SyntaxError,
})

/** Every queue at home: those of one storage path are made for one. */
const homeQueues = Object.entries(jobs).flatMap(([name, exported]) => {
  if (!/^(seal|post)[A-Z]/.test(name)) return []
  return [[name, typeof exported === 'function' ? exported('d1f8c7a0') : exported]]
})

const manifest = {
  minerId: 1000,
  sectorNumber: 1,
  sectorSize: 2048,
  prover: 'real',
  ticket: 'ab'.repeat(32),
  ticketEpoch: -730,
  pieces: [{ commP: 'cd'.repeat(32), paddedSize: '2048', offset: '0', filler: false, pieceCid: null }],
  commD: 'ef'.repeat(32),
}

export const decoders = {
  'jobs.homeward': crossing(jobs.homeward, homeward),
  'jobs.outward': crossing(jobs.outward, outward),
  'jobs.home': () => {
    const turns = [
      { sectorNumber: 4, turn: 1, tries: 0 },
      { miner: 'f01000', periodStart: -5, deadline: 1, partition: 0, turn: 1, tries: 0 },
    ]
    return {
      form: 'json',
      corpus: homeQueues.map(([queue, { payload }]) => ({
        queue,
        job: turns.find((turn) => payload.safeParse(turn).success),
      })),
      decode(input) {
        const { queue, job } = JSON.parse(input) ?? {}
        const [, kind] = homeQueues.find(([name]) => name === queue) ?? []
        const parsed = kind?.payload.safeParse(job)
        if (parsed?.success !== true) return false
        const id = kind.id(parsed.data)
        holds(!id.includes(':') && id.length < 300, 'a job id has no colon')
        return true
      },
      refuses: (error) => error instanceof SyntaxError,
    }
  },
  'sealer.offer': async () => {
    const { judgeOffer } = await built('apps/sealer', 'intake/judge-offer')
    const { SealerError } = await built('apps/sealer', 'sealer-error')
    return {
      form: 'json',
      corpus: offers(),
      decode(input) {
        const { provider, ...offer } = JSON.parse(input) ?? {}
        const parsed = jobs.homeward.payload.safeParse(envelope(offer))
        if (!parsed.success || parsed.data.message.kind !== 'dealOffered') return false
        const piece = judgeOffer(parsed.data.message, { miner: `${provider}`, sectorSizeBytes: 2 ** 35 })
        holds(piece.piece_size <= 2 ** 35 && piece.payload_size < piece.piece_size, 'sizes fit the sector')
        return true
      },
      refuses: (error) => error instanceof SyntaxError || only(SealerError)(error),
    }
  },
  'provider.progress': async () => {
    const { dealStateAt, eventsTo } = await built('apps/provider', 'deals/follow-home')
    return crossing(jobs.outward, outward, (message) => {
      if (message.kind !== 'dealProgress') return
      const state = dealStateAt(message)
      if (state !== undefined) eventsTo('Transferred', state)
    })()
  },
  'provider.data-answer': async () => {
    const { readAnswer } = await built('apps/provider', 'transfer/read-answer')
    const { ProviderError } = await built('apps/provider', 'provider-error')
    const wanted = { offset: 0, size: 2032, validator: null }
    const whole = { statusCode: 200, statusMessage: 'OK', headers: { 'content-length': '2032', etag: '"a"' } }
    const range = { 'content-range': 'bytes 100-2031/2032', etag: '"a"' }
    const part = { statusCode: 206, statusMessage: 'Partial Content', headers: range }
    const none = { statusCode: 416, statusMessage: 'x', headers: { 'content-range': 'bytes */2032' } }
    return {
      form: 'json',
      corpus: [
        { wanted, answer: whole },
        { wanted: { ...wanted, offset: 100, validator: '"a"' }, answer: part },
        { wanted: { ...wanted, offset: 100, validator: '"b"' }, answer: part },
        { wanted, answer: none },
        { wanted, answer: { statusCode: 503, statusMessage: 'busy', headers: {} } },
      ],
      decode(input) {
        const { wanted: asked, answer } = JSON.parse(input) ?? {}
        const { offset, size } = asked ?? {}
        if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(size)) return false
        // As node's parser hands them over: a number, a line, headers with one text each.
        const headers = Object.fromEntries(
          Object.entries(answer?.headers ?? {}).map(([name, value]) => [name, String(JSON.stringify(value))]),
        )
        for (const [name, value] of Object.entries(answer?.headers ?? {}))
          if (typeof value === 'string') headers[name] = value
        const statusCode = Number.isInteger(answer?.statusCode) ? answer.statusCode : 0
        let destroyed = false
        const destroy = () => {
          destroyed = true
        }
        const response = { statusCode, statusMessage: `${answer?.statusMessage}`, headers, destroy }
        try {
          const { start, body } = readAnswer(response, { offset, size, validator: asked.validator ?? null })
          holds(start === 0 || start === offset, 'bytes come from the start or from where they were asked')
          holds(body === response || start === 0, 'a body that is not read is asked for again from the start')
          return true
        } catch (error) {
          holds(destroyed, 'a refused answer is not left open')
          throw error
        }
      },
      refuses: (error) => error instanceof SyntaxError || only(ProviderError)(error),
    }
  },
  'provider.address': async () => {
    const { isPublic } = await built('apps/provider', 'transfer/address-guard')
    const ours = [
      '127.0.0.1',
      '10.1.2.3',
      '::1',
      '::ffff:10.0.0.1',
      'fe80::1%eth0',
      '64:ff9b::a00:1',
      '2002:a00:1::',
    ]
    for (const address of ours) holds(!isPublic(address), `${address} is not public`)
    return {
      form: 'text',
      corpus: [...ours, '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '2002:808:808::'],
      decode: (input) => isPublic(input),
      refuses: () => false,
    }
  },
  'sealer.sector-manifest': async () => {
    const { parseSectorManifest } = await built('apps/sealer', 'worker/sector-manifest')
    const { WorkerError } = await built('apps/sealer', 'worker/worker-error')
    return {
      form: 'json',
      corpus: [manifest, { ...manifest, commR: '01'.repeat(32), seed: '02'.repeat(32), pieces: [] }],
      decode(input) {
        const { pieces } = parseSectorManifest(input, 'x.json')
        for (const { paddedSize, offset } of pieces)
          holds(BigInt(paddedSize) >= 0n && BigInt(offset) >= 0n, 'sizes are sizes')
        return true
      },
      refuses: only(WorkerError),
    }
  },
  'sealer.storage-paths': async () => {
    const { knownPaths } = await built('apps/sealer', 'worker/open-storage')
    const { HostError } = await built('packages/host')
    return {
      form: 'json',
      corpus: [{ '/data/a': 'd1f8c7a0-3b1e', '/data/b': 'x' }, {}],
      decode: (input) =>
        Object.values(knownPaths(input, 'storage.json')).every((id) => typeof id === 'string'),
      refuses: only(HostError),
    }
  },
  'cli.run-state': async () => {
    const { runState } = await built('apps/cli', 'connect/run-state')
    const { parseStateFile } = await built('apps/cli', 'connect/state-file')
    const { CliError } = await built('apps/cli', 'cli-error')
    const paths = { runtimeDir: '/run/user/0/s', stateDir: '/root/.sealane' }
    return {
      form: 'json',
      corpus: [
        { pid: 4711, ...paths, chain: 'eyJ.a.b:/ip4/127.0.0.1/tcp/1/http', prover: 'real', sectorSize: 2048 },
      ],
      decode: (input) => parseStateFile(input, 'run.json', runState).pid > 0,
      refuses: only(CliError),
    }
  },
  'cli.client-books': async () => {
    const { madeDeal } = await built('apps/cli', 'client/made-deal')
    const { importedFile } = await built('apps/cli', 'client/import-book')
    const { parseBook } = await built('apps/cli', 'connect/state-file')
    return {
      form: 'json',
      corpus: [
        { id: 1, root: 'bafk', path: '/data/x', sizeBytes: 1000, pieceCid: 'baga', pieceSize: '1024' },
        {
          ...{
            dealUuid: uuid,
            proposalCid: 'b',
            signedProposalCid: 'c',
            pieceCid: 'd',
            pieceSize: '2048',
            sizeBytes: 2000,
          },
          ...{
            provider: 'f01000',
            startEpoch: 1,
            endEpoch: 2,
            path: '/x',
            offset: 0,
            madeMs: 1.5,
            client: 'f1',
            verified: false,
          },
          ...{ pricePerEpoch: '5', offline: true },
        },
      ],
      decode: (input) => [madeDeal, importedFile].some((schema) => parseBook(input, schema).length > 0),
      refuses: () => false,
    }
  },
}
