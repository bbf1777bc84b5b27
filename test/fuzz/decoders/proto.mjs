import { built, holds, only, scratch } from '../sources.mjs'

const proto = await built('packages/proto')

/** Every message of both services. */
export const messages = [proto.minerV1, proto.workV1].flatMap((service) =>
  Object.values(service).filter((one) => typeof one?.decode === 'function'),
)

/** Every method of the operators' catalogues: what is asked of it, and what it answers. */
export const operatorSchemas = Object.entries({
  miner: proto.minerOperator,
  provider: proto.providerOperator,
  sealer: proto.sealerOperator,
}).flatMap(([app, api]) =>
  Object.entries(api).flatMap(([method, { params, result }]) => [
    [`${app} ${method} params`, params],
    [`${app} ${method} result`, result],
  ]),
)

/** A value of every field of a message, made through its own codec: numbers, texts, bytes, and what lies in it. */
const filled = (message) => {
  const numbers = Array.from({ length: 14 }, (_, at) => at + 1)
  const tag = (field, wire) => (field << 3) | wire
  const varints = numbers.map((field) => [tag(field, 0), 5])
  const texts = numbers.map((field) => [tag(field, 2), 1, 0x61])
  const nested = numbers.map((field) => [tag(field, 2), 4, 0x08, 1, 0x12, 0])
  const both = numbers.flatMap((field) => [
    [tag(field, 0), 9],
    [tag(field, 2), 2, 0x10, 1],
  ])
  return [[], varints, texts, nested, both, ...varints.map((one) => [one])].flatMap((fields) => {
    try {
      return [message.encode(message.decode(Uint8Array.from(fields.flat()))).finish()]
    } catch {
      return []
    }
  })
}

/** As gRPC takes them: whatever its reader throws is answered with INTERNAL, an endless stack is not its to throw. */
const unreadable = (error) =>
  (error instanceof RangeError && !/call stack/.test(error.message)) ||
  (error instanceof Error && error.constructor === Error)

/** A value that a JSON schema of ours takes, or something near it. */
function sample(schema) {
  const def = schema.def ?? {}
  switch (def.type) {
    case 'object':
      return Object.fromEntries(Object.entries(def.shape).map(([key, one]) => [key, sample(one)]))
    case 'array':
      return [sample(def.element)]
    case 'record':
      return { a: sample(def.valueType) }
    case 'enum':
      return Object.values(def.entries)[0]
    case 'literal':
      return def.values[0]
    case 'union':
      return sample(def.options[0])
    case 'string':
      return '1'
    case 'number':
      return 1
    case 'boolean':
      return true
    case 'pipe':
      return sample(def.in)
    case 'null':
      return null
    default:
      return def.innerType === undefined ? {} : sample(def.innerType)
  }
}

export const decoders = {
  'proto.messages': () => ({
    form: 'bytes',
    corpus: messages.flatMap((message, at) => filled(message).map((bytes) => Uint8Array.of(at, ...bytes))),
    decode(input) {
      const message = messages[(input[0] ?? 0) % messages.length]
      const value = message.decode(input.subarray(1))
      const written = message.encode(value).finish()
      const again = message.encode(message.decode(written)).finish()
      holds(Buffer.compare(again, written) === 0, 'what was written reads as the same')
      return true
    },
    refuses: unreadable,
  }),
  'proto.operator': () => ({
    form: 'json',
    corpus: operatorSchemas.map(([name, schema]) => ({ name, body: sample(schema) })),
    decode(input) {
      const { name, body } = JSON.parse(input) ?? {}
      const [, schema] = operatorSchemas.find(([one]) => one === name) ?? []
      return schema?.safeParse(body).success === true
    },
    refuses: (error) => error instanceof SyntaxError,
  }),
  'proto.step-requests': async () => {
    const { stepRequest } = await built('apps/miner', 'sectors/step-store')
    const { pieceFacts, pieceFactsSchema } = await built('apps/miner', 'sectors/piece-facts')
    const { MinerError } = await built('apps/miner', 'miner-error')
    const { SubmitPreCommitRequest } = proto.minerV1
    const envelope = { requestId: 'r', sectorNumber: 4, step: 'preCommit', turn: 2, coordinatorEpoch: 1 }
    const piece = { pieceCid: 'baga', paddedSize: 2048, dealId: 3, hasDeal: true, startEpoch: 1, endEpoch: 9 }
    const request = {
      ...{ envelope, commR: new Uint8Array(32), commD: new Uint8Array(32), committedCapacity: false },
      ...{ ticketEpoch: -720, ticket: new Uint8Array(32), pieces: [piece, { ...piece, hasDeal: false }] },
      prover: 'real',
    }
    return {
      form: 'bytes',
      corpus: [request, { ...request, pieces: [] }].map((one) => SubmitPreCommitRequest.encode(one).finish()),
      decode(input) {
        const { envelope: given, pieces } = SubmitPreCommitRequest.decode(input)
        const facts = pieces.map(pieceFacts)
        const step = stepRequest(given, 'preCommit', facts, [])
        for (const one of JSON.parse(step.body))
          holds(pieceFactsSchema.safeParse(one).success, 'a row is readable')
        return true
      },
      refuses: (error) => only(MinerError)(error) || unreadable(error),
    }
  },
  'proto.work-requests': async () => {
    const { Rows } = await built('apps/sealer', 'testing/rows')
    const rows = await Rows.open(scratch('sealer'))
    const service = rows.work()
    const { workV1 } = proto
    const path = {
      id: 'p',
      canSeal: true,
      canStore: true,
      freeBytes: 9,
      sectors: [{ sectorNumber: 1, finalized: true }],
      claims: ['c'],
    }
    const calls = [
      [
        workV1.RegisterRequest,
        'register',
        {
          ...{ workerId: 'w', hostname: 'h', version: '1', tasks: ['pc1', 'post'], concurrency: { pc1: 2 } },
          ...{ paths: [path], prover: 'real', session: 's' },
        },
      ],
      [workV1.ClaimRequest, 'claim', { workerId: 'w', task: 'pc1', row: '1', turn: 1, storageIds: ['p'] }],
      [
        workV1.HeartbeatRequest,
        'heartbeat',
        { workerId: 'w', claimId: '', stage: 'x', fraction: 0.5, paths: [path] },
      ],
      [
        workV1.CompleteRequest,
        'complete',
        {
          ...{ workerId: 'w', claimId: 'c', storageId: 'p' },
          result: { $case: 'preCommit1', value: { commD: new Uint8Array(32) } },
        },
      ],
      [
        workV1.ReleaseRequest,
        'release',
        { workerId: 'w', claimId: 'c', code: 'X', remedy: 'retry', text: 't' },
      ],
    ]
    let answered = 0
    return {
      form: 'bytes',
      corpus: calls.map(([message, , value], at) => Uint8Array.of(at, ...message.encode(value).finish())),
      async decode(input) {
        const [message, method] = calls[(input[0] ?? 0) % calls.length]
        const request = message.decode(input.subarray(1))
        // Workers with other names pile up as they would not in a life.
        if (++answered % 2_000 === 0) await rows.db.deleteFrom('workers').execute()
        return (await service[method](request)) !== undefined
      },
      refuses: unreadable,
    }
  },
}
