import { built, holds, only, recorded } from '../sources.mjs'

const units = await built('packages/fil-units')
const crypto = await built('packages/crypto')
const actors = await built('packages/actors')

const inputs = (file, ...kinds) =>
  recorded(file).flatMap(({ kind, input }) => (kinds.includes(kind) ? [input] : []))

const parser =
  (parse, corpus, check = () => {}) =>
  () => ({
    form: 'text',
    corpus,
    decode(input) {
      check(parse(input))
      return true
    },
    refuses: only(units.UnitsError),
  })

export const decoders = {
  'units.fil': parser(units.parseFil, inputs('fil-units.json', 'parse'), (amount) =>
    holds(units.parseFil(units.formatFil(amount)) === amount, 'its text is its own'),
  ),
  'units.size': parser(units.parseSize, inputs('fil-units.json', 'ram_in_bytes')),
  'units.decimal-size': parser(units.parseDecimalSize, inputs('fil-units.json', 'from_human_size')),
  'units.percent': parser(units.parsePercent, inputs('fil-units.json', 'percent_parse')),
  'units.duration': parser(units.parseDuration, inputs('epochs.json', 'parse_duration'), (milliseconds) =>
    holds(Number.isFinite(milliseconds), 'a duration is finite'),
  ),
  'units.nanoseconds': parser(
    units.parseNanoseconds,
    inputs('epochs.json', 'parse_duration'),
    (nanoseconds) =>
      holds(
        units.parseNanoseconds(units.formatNanoseconds(nanoseconds)) === nanoseconds,
        'its text is its own',
      ),
  ),
  'crypto.key-text': () => {
    const keys = ['bls', 'secp256k1'].map((type) =>
      crypto.exportKey(crypto.generateKey(type, new Uint8Array(32).fill(7))),
    )
    return {
      form: 'text',
      corpus: [...keys, ...keys.map((key) => Buffer.from(key, 'hex').toString())],
      decode: (input) => crypto.importKey(input) !== undefined,
      refuses: only(crypto.CryptoError),
    }
  },
  'units.base-encodings': () => ({
    form: 'text',
    corpus: ['', 'mzxw6ytboi', 'Zm9vYmFy', '666f6f', 'Zm9vYg'],
    decode(input) {
      for (const base of [actors.base16, actors.base32, actors.base64, actors.base64url]) {
        try {
          holds(base.encode(base.decode(input)).length <= input.length + 8, 'no longer than it was')
        } catch (error) {
          if (!['IllegalCharacter', 'IncompleteText'].includes(error.name)) throw error
        }
      }
      return true
    },
    refuses: () => false,
  }),
}
