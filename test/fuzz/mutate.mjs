// Inputs made from recorded ones: bytes, texts and JSON, changed a little; or of no origin at all.

/** Heads of CBOR items and bytes at the ends of ranges. */
const tellingBytes = [
  0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x20, 0x3b, 0x40, 0x41, 0x58, 0x5b, 0x60, 0x7b, 0x7f, 0x80, 0x81,
  0x8b, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xc2, 0xd8, 0xda, 0xf4, 0xf5, 0xf6, 0xf7, 0xf9, 0xfb, 0xff,
]
/** Item heads whose length lies. */
const lies = [
  [0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0x9b, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00],
  [0x9a, 0x00, 0x1f, 0xff, 0xff],
  [0x5a, 0x00, 0x1f, 0xff, 0xff],
  [0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
]

/** @param {Uint8Array[]} corpus */
export function mutatedBytes(random, corpus) {
  if (corpus.length === 0 || random.once(12)) return randomBytes(random)
  let bytes = random.pick(corpus)
  for (let left = 1 + random.below(4); left > 0; left--) bytes = changeBytes(random, bytes, corpus)
  return bytes
}

function randomBytes(random) {
  const length = random.once(20) ? random.below(4096) : random.below(80)
  return Uint8Array.from({ length }, () => (random.once(3) ? random.pick(tellingBytes) : random.below(256)))
}

function changeBytes(random, bytes, corpus) {
  const at = random.below(bytes.length + 1)
  const span = random.below(Math.min(16, bytes.length - at + 1))
  switch (random.below(8)) {
    case 0: {
      const changed = bytes.slice()
      if (at < changed.length) changed[at] ^= 1 << random.below(8)
      return changed
    }
    case 1: {
      const changed = bytes.slice()
      if (at < changed.length) changed[at] = random.pick(tellingBytes)
      return changed
    }
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + span))
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(at, at + span), bytes.subarray(at))
    case 5:
      return joined(bytes.subarray(0, at), [random.pick(tellingBytes)], bytes.subarray(at))
    case 6:
      return joined(bytes.subarray(0, at), random.pick(lies), bytes.subarray(at + span))
    default: {
      const other = random.pick(corpus)
      return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)))
    }
  }
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const tellingTexts = [
  '',
  ' ',
  '\u00a0',
  '\0',
  '\n',
  '\r\n',
  '"',
  "'",
  '\\',
  '/',
  ':',
  ',',
  '.',
  '-',
  '+',
  '%',
  '%zz',
  '%00',
  '#',
  '@',
  '[',
  ']',
  '{',
  '}',
  '0',
  '-1',
  '1e309',
  '1e-400',
  '9'.repeat(40),
  '9'.repeat(400),
  '0x10',
  'NaN',
  'Infinity',
  'null',
  'true',
  '__proto__',
  'constructor',
  'é',
  '\u{1f600}',
  '\ud800',
  '\u2028',
  '//',
  '..',
  'http://',
  '/ip6/::1',
  '/p2p/',
  'KiB',
  'FIL',
  'atto',
  '[[',
  '"""',
  '= ',
]

/** @param {string[]} corpus */
export function mutatedText(random, corpus) {
  let text = corpus.length === 0 || random.once(20) ? '' : random.pick(corpus)
  for (let left = 1 + random.below(4); left > 0; left--) text = changeText(random, text, corpus)
  return text
}

function changeText(random, text, corpus) {
  const at = random.below(text.length + 1)
  const span = random.below(Math.min(12, text.length - at + 1))
  switch (random.below(7)) {
    case 0:
      return text.slice(0, at) + String.fromCharCode(32 + random.below(95)) + text.slice(at + 1)
    case 1:
      return text.slice(0, at) + random.pick(tellingTexts) + text.slice(at)
    case 2:
      return text.slice(0, at) + random.pick(tellingTexts) + text.slice(at + span)
    case 3:
      return text.slice(0, at) + text.slice(at + span)
    case 4:
      return text.slice(0, at) + text.slice(at, at + span).repeat(2) + text.slice(at + span)
    case 5:
      return text.slice(0, at)
    default: {
      const other = corpus.length === 0 ? '' : random.pick(corpus)
      return text.slice(0, at) + other.slice(random.below(other.length + 1))
    }
  }
}

const tellingValues = [
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  -0,
  1e21,
  1e308,
  2 ** 53,
  2 ** 31,
  '',
  'x',
  '-1',
  '1e9',
  '0x1',
  'null',
  [],
  {},
  [[]],
  [null],
  { '/': null },
  { '/': 1 },
  { '/': 'x' },
  '<empty>',
  'f00',
  '9'.repeat(330),
  'A'.repeat(70_000),
  '__proto__',
  '\ud800',
  '====',
  'AAA',
]

/** JSON text of recorded values, changed as values or as text. @param {unknown[]} corpus */
export function mutatedJson(random, corpus, texts) {
  if (random.once(4)) return mutatedText(random, texts)
  let value = random.pick(corpus)
  for (let left = 1 + random.below(3); left > 0; left--) value = changeValue(random, value)
  return JSON.stringify(value)
}

/** A copy of the value with one place in it changed. */
function changeValue(random, value) {
  if (value === null || typeof value !== 'object' || random.once(12)) return random.pick(tellingValues)
  const keys = Object.keys(value)
  if (keys.length === 0)
    return Array.isArray(value) ? [random.pick(tellingValues)] : { x: random.pick(tellingValues) }
  const key = random.pick(keys)
  const copy = Array.isArray(value) ? value.slice() : { ...value }
  switch (random.below(6)) {
    case 0:
      if (Array.isArray(copy)) copy.splice(Number(key), 1)
      else delete copy[key]
      return copy
    case 1:
      copy[key] = random.pick(tellingValues)
      return copy
    case 2:
      copy[key] = copy[random.pick(keys)]
      return copy
    default:
      copy[key] = changeValue(random, copy[key])
      return copy
  }
}
