import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { built, holds, recordedRpc, scratch } from '../sources.mjs'

const { createDevnet } = await built('packages/devnet')
const { allChannels, allMethods } = await built('packages/devnet', 'rpc/all-methods')
const { answerBody } = await built('packages/devnet', 'rpc/answer-body')
const { Dispatcher } = await built('packages/devnet', 'rpc/dispatcher')
const { HeadSubscriptions } = await built('packages/devnet', 'rpc/head-subscriptions')
const { SocketSession } = await built('packages/devnet', 'rpc/socket-session')
const { Tokens } = await built('packages/devnet', 'rpc/tokens')
const { Producer } = await built('packages/devnet', 'producer/producer')
const { parseJson } = await built('packages/chain')

// The devnet's own reader of frames.
const { Receiver } = createRequire(new URL('../../../packages/devnet/package.json', import.meta.url))('ws')

const exchanges = recordedRpc('packages/devnet')
const requests = exchanges.flatMap(({ request }) => (request === undefined ? [] : [request]))
const sent = exchanges.flatMap(({ frames = [] }) =>
  frames.flatMap(({ dir, data }) => (dir === 'send' && typeof data === 'object' ? [data] : [])),
)

/** Methods that wait for blocks, which nobody makes here, or that keep what they are given for ever. */
const leftOut = [
  'Devnet.NullRounds',
  'Devnet.Reorg',
  'Devnet.Advance',
  'Devnet.Fund',
  'Devnet.FundTo',
  'Filecoin.BeaconGetEntry',
  'Filecoin.StateGetBeaconEntry',
  'Filecoin.StateWaitMsg',
  'Filecoin.WalletNew',
  'Filecoin.WalletImport',
]

/** All methods of a devnet that stands at its first block. What breaks in them is kept in `broken`. */
async function standingDevnet() {
  const never = async () => false
  const { node } = await createDevnet({
    dataDir: scratch('devnet'),
    keySetDigest: '78'.repeat(32),
    verifier: {
      verifySeal: never,
      verifyAggregateSeals: never,
      verifyUpdate: never,
      verifyWindowPost: never,
    },
    clock: { mode: 'wall' },
    blockDelaySeconds: 1_000_000,
  })
  const log = { info() {}, warn() {}, error() {} }
  const timing = { monotonic: () => performance.now() }
  const producer = new Producer(
    node,
    { mode: 'wall', blockDelayMs: 1e9, holdLimitMs: 1 },
    undefined,
    timing,
    log,
  )
  const heads = new HeadSubscriptions(node, () => {})
  const tokens = new Tokens('00'.repeat(32))
  const words = { agent: 'a', version: 'v', session: '00000000-0000-4000-8000-000000000000' }
  const random = (bytes) => new Uint8Array(bytes)
  const api = { node, producer, heads, tokens, ...words, random, shutdown() {} }
  const methods = Object.fromEntries(
    Object.entries(allMethods(api)).filter(([name]) => !leftOut.includes(name)),
  )
  const broken = []
  const dispatcher = new Dispatcher(methods, allChannels(api), (_method, cause) => broken.push(cause))
  return { dispatcher, broken, heads }
}

/** An answer is a result, or an error with a code and a text; and no method broke. */
function judged(broken, answer) {
  const [cause] = broken.splice(0)
  if (cause !== undefined) throw cause
  if (answer.error === undefined) return holds('result' in answer, 'an answer has a result or an error')
  holds(Number.isInteger(answer.error.code) && answer.error.message.length > 0, 'an error says what is wrong')
}

/** A client's frame, masked with zeros. */
function frame(json) {
  const body = Buffer.from(JSON.stringify(json))
  const head =
    body.length < 126 ? [0x81, 0x80 | body.length] : [0x81, 0xfe, body.length >> 8, body.length & 0xff]
  return Uint8Array.of(...head, 0, 0, 0, 0, ...body)
}

export const decoders = {
  'devnet.http-body': async () => {
    const { dispatcher, broken } = await standingDevnet()
    return {
      form: 'json',
      corpus: [...requests, requests.slice(0, 3)],
      async decode(input) {
        const { status, body } = await answerBody(dispatcher, input, ['read', 'write', 'sign', 'admin'])
        if (body === '') return holds(status === 200, 'only a notification has no answer')
        const answers = [parseJson(body)].flat()
        for (const answer of answers) judged(broken, answer)
        return status === 200 && answers.every(({ error }) => error === undefined)
      },
      refuses: () => false,
    }
  },
  'devnet.socket': async () => {
    const { dispatcher, broken, heads } = await standingDevnet()
    const opened = [
      frame(requests[0]),
      frame({ jsonrpc: '2.0', id: 1, method: 'Filecoin.ChainNotify', params: [] }),
    ]
    return {
      form: 'bytes',
      corpus: [
        ...opened,
        ...[...requests, ...sent].map(frame),
        ...sent.map((json) => Buffer.concat([opened[1], frame(json)])),
      ],
      async decode(input) {
        const told = []
        const socket = Object.assign(new EventEmitter(), {
          ...{ OPEN: 1, readyState: 1 },
          send: (text) => told.push(parseJson(text)),
          ping() {},
          ...{ close() {}, terminate() {} },
        })
        new SocketSession(socket, dispatcher, ['read'])
        const receiver = new Receiver({ isServer: true, maxPayload: 2 ** 20 })
        let refusal
        let answering = 0
        receiver.on('message', (data) => {
          answering++
          socket.emit('message', data)
        })
        receiver.on('error', (error) => {
          refusal = error
        })
        await new Promise((resolve) => receiver.write(input, () => resolve()))
        // What a method awaits here is answered from memory.
        for (let turns = 0; turns < 3 && answering > 0; turns++) await new Promise(setImmediate)
        socket.readyState = 3
        socket.emit('close')
        holds(heads.count === 0, 'what was opened is closed with its socket')
        for (const answer of told) if (answer.id !== undefined) judged(broken, answer)
        if (refusal !== undefined && !`${refusal.code}`.startsWith('WS_ERR_')) throw refusal
        return told.length > 0
      },
      refuses: () => false,
    }
  },
}
