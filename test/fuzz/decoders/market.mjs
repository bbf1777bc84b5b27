import { built, fromHex, holds, only, recorded } from '../sources.mjs'
import { manyCodecs, roundTrip } from './actors.mjs'

const market = await built('packages/market')
const pieces = await built('packages/pieces')
const { CborError } = await built('packages/actors')

const { readItem, StreamError } = await built('packages/market', 'node/index')

/** The reading end of a stream, without a network: what `readItem` looks at and listens to. */
class GivenStream extends EventTarget {
  readBufferLength = 0
  readableEnded = false
  status = 'open'
  deliver(bytes) {
    this.dispatchEvent(Object.assign(new Event('message'), { data: { subarray: () => bytes } }))
  }
  end(how) {
    this.readableEnded = true
    if (how !== 'end') this.status = how === 'close' ? 'closed' : 'aborted'
    const error = how === 'error' ? new Error('reset') : undefined
    this.dispatchEvent(Object.assign(new Event(how === 'end' ? 'end' : 'close'), { error }))
  }
}

const encoded = (...types) =>
  recorded('market-mk12.json')
    .filter(
      ({ kind, type, ok }) => ['encode', 'decode'].includes(kind) && types.includes(type) && ok !== false,
    )
    .map(({ cbor }) => fromHex(cbor))

const text = (bytes) => new TextDecoder().decode(bytes)

export const decoders = {
  'market.deal-params': () =>
    manyCodecs([market.dealParams, market.dealParamsV120], encoded('DealParams', 'DealParamsV120')),
  'market.deal-response': () => manyCodecs([market.dealResponse], encoded('DealResponse')),
  'market.status': () =>
    manyCodecs(
      [market.dealStatusRequest, market.dealStatusResponse],
      encoded('DealStatusRequest', 'DealStatusResponse'),
    ),
  'market.ask': () =>
    manyCodecs(
      [market.askRequest, market.askResponse, market.signedStorageAsk, market.storageAsk],
      encoded('AskRequest', 'AskResponse', 'legacy.SignedStorageAsk', 'legacy.StorageAsk'),
    ),
  'market.stream-item': () => ({
    form: 'bytes',
    // The first byte says how the rest is cut and how the stream ends.
    corpus: encoded('DealParams', 'DealStatusRequest', 'AskRequest').flatMap((item, at) => [
      Uint8Array.of(at, ...item),
      Uint8Array.of(at + 128, ...item, 1, 2, 3),
    ]),
    async decode(input) {
      const cut = input[0] ?? 0
      const bytes = input.subarray(1)
      const stream = new GivenStream()
      const maxBytes = 2048
      const reading = readItem(stream, { maxBytes, signal: new AbortController().signal })
      const step = 1 + (cut & 63) * 8
      for (let at = 0; at < bytes.length; at += step) stream.deliver(bytes.subarray(at, at + step))
      stream.end(['end', 'close', 'error', 'end'][cut >> 6])
      const item = await reading
      holds(item.length <= maxBytes, 'no item is longer than it may be')
      holds(Buffer.compare(item, bytes.subarray(0, item.length)) === 0, 'an item is what was sent')
      return true
    },
    refuses: only(CborError, StreamError),
  }),
  'market.transports': () => ({
    form: 'bytes',
    corpus: [
      market.retrievalTransports.encode({
        protocols: [{ name: 'http', addresses: [new Uint8Array(9).fill(4)] }],
      }),
      market.retrievalTransports.encode({ protocols: [] }),
    ],
    decode: (input) => roundTrip(market.retrievalTransports, input),
    refuses: only(CborError),
  }),
  'market.transfer-params': () => ({
    form: 'text',
    corpus: recorded('market-mk12.json').flatMap(({ json, json_hex }) =>
      [json ?? (json_hex && text(fromHex(json_hex)))].filter(Boolean),
    ),
    decode(input) {
      const params = market.decodeTransferParams(new TextEncoder().encode(input))
      holds(typeof params.url === 'string', 'there is a URL')
      // Headers are written in order of their names, whatever order they came in.
      const written = market.encodeTransferParams(params)
      const again = market.encodeTransferParams(market.decodeTransferParams(written))
      holds(Buffer.compare(again, written) === 0, 'what was written reads as the same')
      if (params.headers !== null) market.transferHeaders(params.headers)
      return true
    },
    refuses: only(market.TransferParamsError, market.TransferRefused),
  }),
  'market.transfer-url': () => ({
    form: 'text',
    corpus: recorded('market-mk12.json').flatMap(({ kind, url }) => (kind === 'transfer_url' ? [url] : [])),
    decode: (input) => market.parseTransferUrl(input) !== undefined,
    refuses: only(market.TransferParamsError),
  }),
  'market.transfer-authorization': () => ({
    form: 'text',
    corpus: [market.transferAuthorization('9f8e'), 'Basic OmFiYw==', 'Bearer x', 'Basic '],
    decode: (input) => market.transferToken(input) !== undefined,
    refuses: () => false,
  }),
  'market.deal-uuid': () => ({
    form: 'text',
    corpus: ['d1f8c7a0-3b1e-4e5d-9c55-0a1b2c3d4e5f'],
    decode(input) {
      const uuid = market.parseDealUuid(input)
      holds(market.dealUuidBytes(uuid).length === 16, 'sixteen bytes')
      return true
    },
    refuses: only(CborError),
  }),
  'pieces.car': () => ({
    form: 'bytes',
    corpus: recorded('car.json').flatMap(({ car, car_v1 }) =>
      [car, car_v1].filter((one) => typeof one === 'string').map(fromHex),
    ),
    async decode(input) {
      const reading = await pieces.readCar([input.subarray(0, 50), input.subarray(50)])
      for await (const { cid, bytes } of reading.blocks) {
        holds(bytes.length <= input.length, 'no block is longer than the file')
        pieces.blockMatchesCid(cid, bytes)
      }
      return true
    },
    refuses: only(pieces.PieceError),
  }),
}
