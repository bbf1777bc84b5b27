// npm run bench:commp: payload bytes committed to per second, as a transfer does it: through CommPWriter, in chunks of 1 MiB.
//   --mib N     payload (default 256)      --rounds N   --json
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { useNativeCrypto } from '@sealane/crypto/native'
import { CommPWriter } from '@sealane/pieces'
import {
  answerEach,
  Contestant,
  compete,
  cpuSeconds,
  machine,
  median,
  noise,
  options,
  report,
  rounded,
} from './bench.mjs'
import { buildGoCommP } from './go-comm-p.mjs'

const chunkBytes = 2 ** 20
const goalMiB = 1.6 * 1024

if (process.argv[2] === '--contestant') await contestant(process.argv[3], Number(process.argv[4]))
else await main()

async function contestant(road, sizeBytes) {
  if (road === 'native' && !useNativeCrypto().native) throw new Error('the addon is not built')
  const payload = noise(sizeBytes)
  await answerEach(async () => {
    const used = process.cpuUsage()
    const began = performance.now()
    const writer = new CommPWriter()
    for (let at = 0; at < sizeBytes; at += chunkBytes)
      await writer.write(payload.subarray(at, at + chunkBytes))
    const { commP } = await writer.digest()
    const seconds = (performance.now() - began) / 1000
    return { seconds, cpuSeconds: cpuSeconds(used), commP: Buffer.from(commP).toString('hex') }
  })
}

async function main() {
  const { json, rounds, mib } = options({ mib: { type: 'string', default: '256' } })
  const facts = machine()
  const notes = []
  const sizeBytes = Number(mib) * 2 ** 20 - 3
  const self = fileURLToPath(import.meta.url)
  const counts = facts.cores > 1 ? [1, 2] : [1]
  const ours = (name, road, cores) =>
    new Contestant(name, process.execPath, [self, '--contestant', road, String(sizeBytes)], { cores })
  const contestants = []
  if (useNativeCrypto().native)
    contestants.push(...counts.map((cores) => ours('Rust addon', 'native', cores)))
  else notes.push('the addon is not built (node packages/crypto/scripts/build-addon.mjs): not measured')
  const go = buildGoCommP()
  if (go.missing === undefined) {
    for (const cores of counts) {
      const env = { GOMAXPROCS: String(cores) }
      contestants.push(new Contestant(go.name, go.path, [String(sizeBytes)], { cores, env }))
    }
    notes.push(go.go)
  } else notes.push(go.missing)
  contestants.push(ours('plain JavaScript', 'plain', 1))

  const measured = await compete(contestants, rounds)
  await Promise.all(contestants.map((one) => one.end()))
  if (go.dir !== undefined) rmSync(go.dir, { recursive: true, force: true })
  const roots = new Set(measured.flatMap((one) => one.rounds.map(({ commP }) => commP)))
  if (roots.size !== 1) throw new Error(`commitments differ: ${[...roots].join(' ')}`)
  const payloadMiB = sizeBytes / 2 ** 20
  const rows = measured.map(({ name, cores, rounds: all }) => {
    const speeds = all.map(({ seconds }) => payloadMiB / seconds)
    return {
      name,
      cores,
      mibPerSecond: rounded(median(speeds)),
      min: rounded(Math.min(...speeds)),
      max: rounded(Math.max(...speeds)),
      mibPerCpuSecond: rounded(median(all.map((one) => payloadMiB / one.cpuSeconds))),
    }
  })
  const base = (cores) =>
    rows.find((row) => row.name === go.name && row.cores === cores) ??
    rows.find((row) => row.name.startsWith('plain'))
  const best = rows.find((row) => row.cores === counts.at(-1))
  notes.push(
    `All agree on ${[...roots][0]}.`,
    `Goal ${goalMiB.toFixed(0)} MiB/s on 2 cores: ${best.mibPerSecond >= goalMiB ? 'reached' : 'not reached at this load'}.`,
  )
  report({
    title: `commP of ${mib} MiB, raw bytes, median of ${rounds}`,
    facts,
    json,
    rows: rows.map((row) => ({ ...row, ratio: rounded(row.mibPerSecond / base(row.cores).mibPerSecond, 2) })),
    notes,
    columns: [
      { head: '', of: (row) => row.name },
      { head: 'cores', of: (row) => row.cores },
      { head: 'MiB/s', of: (row) => row.mibPerSecond },
      { head: 'min', of: (row) => row.min },
      { head: 'max', of: (row) => row.max },
      { head: 'MiB/CPU-s', of: (row) => row.mibPerCpuSecond },
      { head: `x ${go.missing === undefined ? 'Go' : 'JavaScript'}`, of: (row) => row.ratio },
    ],
  })
}
