import { built, fromHex, holds, only, recorded } from '../sources.mjs'

const actors = await built('packages/actors')
const { CborError, AddressError, CidError, MessageError } = actors
const units = await built('packages/fil-units')

const same = (a, b) => Buffer.compare(a, b) === 0

/** What a codec takes it can write, and what it writes it reads as the same; where it cannot write it says so. */
export function roundTrip(codec, input) {
  const { value, unreadBytes } = codec.decodePrefix(input)
  holds(unreadBytes >= 0 && unreadBytes <= input.length, 'no more is read than is there')
  let written
  try {
    written = codec.encode(value)
  } catch (error) {
    if (error instanceof CborError) return true
    throw error
  }
  holds(same(codec.encode(codec.decode(written)), written), 'what was written reads as the same')
  return true
}

const isCodec = (value) =>
  typeof value === 'object' && value !== null && typeof value.decodePrefix === 'function'

/** Inputs for many codecs: the first byte says which. */
export function manyCodecs(codecs, encoded) {
  const corpus = []
  for (const [at, codec] of codecs.entries()) {
    for (const bytes of encoded) {
      try {
        codec.decode(bytes)
      } catch {
        continue
      }
      corpus.push(Uint8Array.of(at, ...bytes))
    }
  }
  return {
    form: 'bytes',
    corpus,
    decode: (input) => roundTrip(codecs[(input[0] ?? 0) % codecs.length], input.subarray(1)),
    refuses: only(CborError),
  }
}

const cborOf = (file, kinds) =>
  recorded(file)
    .filter(({ kind, cbor, ok }) => kinds.includes(kind) && cbor !== undefined && ok !== false)
    .map(({ cbor }) => fromHex(cbor))

export const decoders = {
  'actors.params': () => {
    const codecs = Object.values(actors).filter(isCodec)
    return manyCodecs(
      codecs.slice(0, 256),
      cborOf('actors-params.json', ['encode', 'deal_proposal', 'batch_return']),
    )
  },
  'actors.message': () => ({
    form: 'bytes',
    corpus: cborOf('message.json', ['message', 'cbor_decode']),
    decode: (input) => roundTrip(actors.message, input),
    refuses: only(CborError),
  }),
  'actors.signed-message': () => ({
    form: 'bytes',
    corpus: cborOf('message.json', ['signed_message']),
    decode: (input) => roundTrip(actors.signedMessage, input),
    refuses: only(CborError),
  }),
  'actors.message-json': () => ({
    form: 'json',
    corpus: recorded('message.json').flatMap(({ kind, json }) =>
      ['message', 'signed_message'].includes(kind) && json ? [JSON.parse(json)] : [],
    ),
    decode(input) {
      const json = JSON.parse(input)
      const message =
        json?.Message === undefined ? actors.messageFromJson(json) : actors.signedMessageFromJson(json)
      return message !== undefined
    },
    refuses: (error) =>
      error instanceof SyntaxError || only(CborError, AddressError, MessageError, units.UnitsError)(error),
  }),
  'actors.item-scanner': () => ({
    form: 'bytes',
    corpus: [...cborOf('message.json', ['signed_message']), ...cborOf('market-mk12.json', ['encode'])],
    decode(input) {
      const scanner = new actors.ItemScanner({ maxBytes: 2048 })
      let end
      for (let size = 0; size <= input.length && end === undefined; size += 97)
        end = scanner.scan(input.subarray(0, size))
      end ??= scanner.scan(input)
      holds(end === undefined || end <= Math.min(input.length, 2048), 'an item ends within the bytes')
      return end !== undefined
    },
    refuses: only(CborError),
  }),
  'actors.address-text': () => ({
    form: 'text',
    corpus: recorded('address.json').flatMap(({ mainnet, testnet, input }) =>
      [mainnet, testnet, input].filter((t) => typeof t === 'string'),
    ),
    decode(input) {
      const address = actors.parseAddress(input)
      holds(actors.parseAddress(address) === address, 'the canonical text is its own')
      return true
    },
    refuses: only(AddressError),
  }),
  'actors.address-bytes': () => ({
    form: 'bytes',
    corpus: recorded('address.json').flatMap(({ bytes }) => (bytes === undefined ? [] : [fromHex(bytes)])),
    decode(input) {
      const address = actors.addressFromBytes(input)
      if (actors.isDefined(address)) holds(same(actors.addressBytes(address), input), 'bytes come back')
      return true
    },
    refuses: only(AddressError),
  }),
  'actors.cid-text': () => ({
    form: 'text',
    corpus: recorded('cid.json').flatMap((c) =>
      [c.cid, c.piece_cid, c.replica_cid, c.piece_cid_v2, c.input].filter((t) => typeof t === 'string'),
    ),
    decode(input) {
      const cid = actors.parseCid(input)
      holds(actors.parseCid(cid) === cid, 'the canonical text is its own')
      holds(actors.cidFromBytes(actors.cidBytes(cid)) === cid, 'its bytes are its own')
      return true
    },
    refuses: only(CidError),
  }),
  'actors.cid-bytes': () => ({
    form: 'bytes',
    corpus: recorded('cid.json').flatMap((c) =>
      [c.cid_bytes, c.piece_cid_bytes, c.bytes].filter((t) => typeof t === 'string').map(fromHex),
    ),
    decode(input) {
      const cid = actors.cidFromBytes(input)
      holds(same(actors.cidBytes(actors.parseCid(cid)), actors.cidBytes(cid)), 'text and bytes agree')
      for (const read of [actors.commitmentOf, actors.pieceCidV2Parts]) {
        try {
          read(cid)
        } catch (error) {
          if (!(error instanceof CidError)) throw error
        }
      }
      return true
    },
    refuses: only(CidError),
  }),
  'actors.bitfield-rle': () => ({
    form: 'bytes',
    corpus: recorded('bitfield.json').flatMap(({ rle_plus }) =>
      typeof rle_plus === 'string' ? [fromHex(rle_plus)] : [],
    ),
    decode(input) {
      const field = actors.BitField.fromRle(input)
      holds(actors.BitField.fromRle(field.toRle()).equals(field), 'what was written reads as the same')
      holds(
        field.count >= 0 && field.union(field).equals(field) && field.subtract(field).count === 0,
        'sets behave',
      )
      return true
    },
    refuses: only(CborError),
  }),
  'actors.bitfield-json': () => ({
    form: 'json',
    corpus: recorded('bitfield.json').flatMap(({ json }) =>
      typeof json === 'string' && /^\[[\d,]*\]$/.test(json) ? [JSON.parse(json)] : [],
    ),
    decode(input) {
      const field = actors.BitField.fromJson(JSON.parse(input))
      holds(
        actors.BitField.fromJson(JSON.parse(JSON.stringify(field))).equals(field),
        'what was written reads as the same',
      )
      return true
    },
    refuses: (error) => error instanceof SyntaxError || only(CborError)(error),
  }),
  'actors.big-int': () => ({
    form: 'bytes',
    corpus: recorded('bigint-cbor.json').flatMap(({ cbor }) =>
      typeof cbor === 'string' ? [fromHex(cbor)] : [],
    ),
    decode: (input) => roundTrip(actors.bigInt, input),
    refuses: only(CborError),
  }),
}
