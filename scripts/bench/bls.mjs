// npm run bench:bls: BLS signatures of deal proposals verified per second: one by one, together, and with a forgery among them.
//   --rounds N   --json
import { randomBytes } from 'node:crypto'
import {
  generateKey,
  installedKernels,
  installKernels,
  publicKey,
  sign,
  verify,
  verifyBatch,
  verifyEach,
} from '@sealane/crypto'
import { useNativeCrypto } from '@sealane/crypto/native'
import { cpuSeconds, machine, median, options, report, rounded } from './bench.mjs'

const goalPerCore = 2500
/** Bytes of a signed deal proposal. */
const messageBytes = 270
const count = 256
/** Clients of a busy provider. */
const fewKeys = 4

const { json, rounds } = options()
const facts = machine()
useNativeCrypto()
const addon = installedKernels()
const notes = []
const keys = Array.from({ length: count }, () => generateKey('bls', randomBytes(32)))
const signedBy = (key, at) => {
  const message = new Uint8Array(messageBytes).fill(at)
  return { message, signature: sign(key, message), signer: { protocol: 3, payload: publicKey(key) } }
}
/** Each by a key of its own, and by the few clients that a provider really has. */
const items = keys.map(signedBy)
const ofFew = keys.map((_, at) => signedBy(keys[at % fewKeys], at))
const forged = items.map((item, at) => (at === 100 ? { ...item, message: new Uint8Array(1) } : item))
const entropy = randomBytes(32)

const one = ({ signature, signer, message }) => verify(signature, signer, message)
const contests = [['plain JavaScript, one by one', undefined, 8, async () => items.slice(0, 8).every(one)]]
if (addon === undefined)
  notes.push('the addon is not built (node packages/crypto/scripts/build-addon.mjs): not measured')
else {
  contests.unshift(
    ['blst, one by one', addon, count, async () => items.every(one)],
    ['blst, together (verifyBatch)', addon, count, async () => verifyBatch(items, entropy)],
    [`blst, together, ${fewKeys} keys`, addon, count, async () => verifyBatch(ofFew, entropy)],
    [
      'blst, each, all cores (verifyEach)',
      addon,
      count,
      async () => (await verifyEach(items, entropy)).every(Boolean),
    ],
    [
      'blst, each, one of 256 forged',
      addon,
      count,
      async () => (await verifyEach(forged, entropy)).every((good, at) => good === (at !== 100)),
    ],
  )
}
const taken = contests.map(() => [])
for (let round = -1; round < rounds; round++) {
  for (const [at, [name, kernels, signatures, run]] of contests.entries()) {
    installKernels(kernels)
    const used = process.cpuUsage()
    const began = performance.now()
    if (!(await run())) throw new Error(`${name}: judged wrongly`)
    const perSecond = (signatures / (performance.now() - began)) * 1000
    // The first round warms up.
    if (round >= 0) taken[at].push({ perSecond, perCpuSecond: signatures / cpuSeconds(used) })
  }
}
const rows = contests.map(([name], at) => ({
  name,
  perSecond: rounded(median(taken[at].map((row) => row.perSecond))),
  perCpuSecond: rounded(median(taken[at].map((row) => row.perCpuSecond)), 1),
}))
const plain = rows.at(-1)
const batch = rows.find(({ name }) => name.includes('verifyBatch'))
if (batch !== undefined) {
  const few = rows.find(({ name }) => name.endsWith(`${fewKeys} keys`))
  const reached = few.perCpuSecond >= goalPerCore
  notes.push(
    `Goal ${goalPerCore}/s a core together, few keys: ${reached ? 'reached' : 'not reached at this load'}.`,
  )
}
report({
  title: `BLS verification of ${count} signatures by as many keys unless told, median of ${rounds}`,
  facts,
  json,
  rows: rows.map((row) => ({ ...row, ratio: rounded(row.perCpuSecond / plain.perCpuSecond, 1) })),
  notes,
  columns: [
    { head: '', of: (row) => row.name },
    { head: '/s', of: (row) => row.perSecond },
    { head: '/CPU-s', of: (row) => row.perCpuSecond },
    { head: 'x JavaScript', of: (row) => row.ratio },
  ],
})
