import { built, holds, only, recordedRpc } from '../sources.mjs'

const chain = await built('packages/chain')
const { answerOf } = await built('packages/chain', 'rpc/answer-of')
const { ChannelFrames } = await built('packages/chain', 'rpc/channel-frames')

const exchanges = recordedRpc('packages/chain')
const answers = exchanges.flatMap(({ response }) =>
  response !== null && typeof response === 'object' ? [response] : [],
)

/** Each shape with each recorded result that it reads. */
function shapesAndResults() {
  const shapes = Object.entries(chain.shapes).filter(([, one]) => typeof one?.read === 'function')
  const results = answers.flatMap(({ result }) =>
    result === undefined ? [] : [result, ...(Array.isArray(result) ? result.slice(0, 2) : [])],
  )
  return shapes.flatMap(([shape, wire]) =>
    results.flatMap((json) => {
      try {
        wire.read(json, shape)
      } catch {
        return []
      }
      return json === null || JSON.stringify(json).length > 20_000 ? [] : [{ shape, json }]
    }),
  )
}

/** What a real node said over one socket with a subscription. */
const sessions = exchanges.flatMap(({ frames = [] }) => {
  const told = frames.flatMap(({ dir, data }) => (dir === 'recv' && typeof data === 'object' ? [data] : []))
  const opens = told.findIndex(({ id, result }) => id !== undefined && typeof result === 'number')
  // Ours asks with id 1.
  return opens < 0 ? [] : [told.map((frame, at) => (at === opens ? { ...frame, id: 1 } : frame))]
})

export const decoders = {
  'chain.notifications': () => ({
    form: 'json',
    corpus: sessions.flatMap((session) => [session, [...session].reverse(), session.slice(0, 2)]),
    decode(input) {
      const told = chain.parseJson(input)
      if (!Array.isArray(told)) return false
      const frames = new ChannelFrames({ method: 'Filecoin.ChainNotify' })
      const shape = chain.shapes.list(chain.shapes.headChange)
      let values = 0
      for (const frame of told) {
        const read = frames.read(chain.stringifyJson(frame))
        if (read === 'closed') break
        holds(read.length === 0 || frames.opened, 'no value before the channel is open')
        values += read.length
        for (const value of read) shape.read(value, 'ChainNotify')
      }
      return values > 0
    },
    refuses: (error) => error instanceof SyntaxError || only(chain.WireError, chain.ChainError)(error),
  }),
  'chain.shapes': () => ({
    form: 'json',
    corpus: shapesAndResults(),
    decode(input) {
      const { shape, json } = chain.parseJson(input) ?? {}
      const wire = Object.hasOwn(chain.shapes, shape) ? chain.shapes[shape] : undefined
      if (typeof wire?.read !== 'function' || json === undefined) return false
      wire.read(json, 'answer')
      return true
    },
    refuses: (error) => error instanceof SyntaxError || only(chain.WireError)(error),
  }),
  'chain.answer': () => ({
    form: 'json',
    corpus: answers.filter((answer) => JSON.stringify(answer).length < 20_000),
    decode: (input) => answerOf(input, 200, { method: 'Filecoin.X' }) !== undefined,
    refuses: only(chain.ChainError),
  }),
  'chain.api-info': () => ({
    form: 'text',
    corpus: [
      'eyJhbGciOi.eyJBbGxvdyI6.x1:/ip4/127.0.0.1/tcp/1234/http',
      '/dns/node.example/tcp/443/wss',
      '/ip6/::1/tcp/1234/http',
      'token:https://api.node.glif.io/rpc/v1',
      'ws://127.0.0.1:1234,http://[::1]:1235',
    ],
    decode: (input) => chain.parseApiInfo(input).length > 0,
    refuses: only(chain.ChainError),
  }),
}
