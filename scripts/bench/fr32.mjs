// npm run bench:fr32: payload bytes expanded and contracted per second on one core, into memory that stays in the cache
// (as commP uses it) and into 64 MiB.
//   --rounds N   --json
import { installedKernels, installKernels } from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { fr32Pad, fr32Unpad } from '@sealane/pieces'
import { machine, median, noise, options, report, rounded } from './bench.mjs'

const { json, rounds } = options()
const facts = machine()
useNativeCrypto()
const addon = installedKernels()
const notes = []
if (addon === undefined)
  notes.push('the addon is not built (node packages/crypto/scripts/build-addon.mjs): not measured')

/** Groups of 127 bytes: 256 KiB and 64 MiB once expanded. */
const sizes = [
  ['256 KiB', 2048, 400],
  ['64 MiB', 524_288, 4],
]
const rows = []
for (const [size, groups, repeats] of sizes) {
  const payload = noise(groups * 127)
  const padded = new Uint8Array(groups * 128)
  const back = new Uint8Array(groups * 127)
  installKernels(undefined)
  const expected = fr32Pad(payload)
  const roads = [
    ['plain JavaScript', () => fr32Pad(payload), () => fr32Unpad(expected), Math.ceil(repeats / 8)],
  ]
  if (addon !== undefined) {
    addon.fr32PadInto(payload, padded)
    addon.fr32UnpadInto(padded, back)
    if (Buffer.compare(padded, expected) !== 0 || Buffer.compare(back, payload) !== 0) {
      throw new Error('the addon expands differently')
    }
    roads.unshift([
      'Rust addon',
      () => addon.fr32PadInto(payload, padded),
      () => addon.fr32UnpadInto(padded, back),
      repeats,
    ])
  }
  const taken = roads.map(() => ({ pad: [], unpad: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const [at, [, pad, unpad, times]] of roads.entries()) {
      taken[at].pad.push(speed(pad, times, groups * 127))
      taken[at].unpad.push(speed(unpad, times, groups * 127))
    }
  }
  const plain = taken.at(-1)
  for (const [at, [name]] of roads.entries()) {
    const { pad, unpad } = taken[at]
    rows.push({
      name,
      size,
      padMiB: rounded(median(pad)),
      unpadMiB: rounded(median(unpad)),
      ratio: rounded(median(pad) / median(plain.pad), 1),
    })
  }
}
report({
  title: `fr32 on one core, raw bytes, median of ${rounds}`,
  facts,
  json,
  rows,
  notes,
  columns: [
    { head: '', of: (row) => row.name },
    { head: 'expanded', of: (row) => row.size },
    { head: 'pad MiB/s', of: (row) => row.padMiB },
    { head: 'unpad MiB/s', of: (row) => row.unpadMiB },
    { head: 'x JavaScript', of: (row) => row.ratio },
  ],
})

/** Per second of CPU: what a neighbour takes does not count. */
function speed(work, times, payloadBytes) {
  work()
  const used = process.cpuUsage()
  for (let time = 0; time < times; time++) work()
  const { user, system } = process.cpuUsage(used)
  return (times * payloadBytes) / 2 ** 20 / ((user + system) / 1e6)
}
