// Two sites with an ocean between them, on one machine: deals across a long, lossy line, with mutual TLS everywhere, then those
// who must not get in.
//   npm run wan-lab -- [--deals N] [--rtt MS] [--loss PERCENT] [--mbit N] [--congestion bbr|cubic] [--sector-size 2KiB|8MiB] [--keep] [--json]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { handovers, makeDeals, makeMiner, operators, provenDeals, until } from './deals.mjs'
import { Line, whyNot } from './line.mjs'
import { intruders, tryHome, tryIntruders } from './refusals.mjs'
import { Sites } from './sites.mjs'

const usage = `npm run wan-lab -- [options]
  --deals N              deals across the line (2)
  --rtt MS               round trip of the line (250)
  --loss PERCENT         packets lost, each way (1)
  --mbit N               rate of the line (300)
  --congestion NAME      the kernel's congestion control at both ends: bbr, cubic (bbr)
  --sector-size SIZE     2KiB or 8MiB (2KiB)
  --seed N               which packets are lost (1)
  --timeout SECONDS      for all deals to be proven (600)
  --keep                 leave the state and the logs, and say where
  --json                 one JSON object on standard output, nothing else
Needs root, iproute2, gcc and redis-server: it makes network namespaces, and takes them away again.
`

const { values: o } = parseArgs({
  options: {
    deals: { type: 'string', default: '2' },
    rtt: { type: 'string', default: '250' },
    loss: { type: 'string', default: '1' },
    mbit: { type: 'string', default: '300' },
    congestion: { type: 'string', default: 'bbr' },
    'sector-size': { type: 'string', default: '2KiB' },
    seed: { type: 'string', default: '1' },
    timeout: { type: 'string', default: '600' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (o.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const wrong = ['deals', 'rtt', 'loss', 'mbit', 'seed', 'timeout'].find(
  (name) => !/^\d+(\.\d+)?$/.test(o[name]),
)
const refusal = wrong ? `--${wrong} is a number, not "${o[wrong]}"` : whyNot()
if (refusal !== undefined) {
  process.stderr.write(`wan-lab: ${refusal}\n`)
  process.exit(wrong ? 2 : 1)
}
if (!['2KiB', '8MiB'].includes(o['sector-size']) || !['bbr', 'cubic', 'reno'].includes(o.congestion)) {
  process.stderr.write(usage)
  process.exit(2)
}

const line = new Line({
  rttMs: Number(o.rtt),
  lossPercent: Number(o.loss),
  mbit: Number(o.mbit),
  seed: Number(o.seed),
  congestion: o.congestion,
})
const dir = mkdtempSync(join(tmpdir(), 'sealane-lab-'))
const sites = new Sites(dir, line)
const tell = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)

// Whatever happens, also Ctrl-C: no namespace and no process is left.
process.once('exit', () => {
  line.close()
  if (o.keep) process.stderr.write(`state and logs: ${dir}\n`)
  else rmSync(dir, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130))

try {
  const report = await run()
  if (o.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else print(report)
  process.exitCode = report.ok ? 0 : 1
} catch (error) {
  if (o.json) process.stdout.write(`${JSON.stringify({ ok: false, error: error.message })}\n`)
  process.stderr.write(`wan-lab: ${error.message}\n`)
  process.exitCode = 1
} finally {
  await sites.stop()
}
process.exit()

async function run() {
  const started = performance.now()
  tell(`a line of ${o.rtt} ms, ${o.loss} % loss, ${o.mbit} Mbit/s, ${o.congestion}`)
  await line.open(dir)
  sites.certificates()
  sites.redis('abroad', 'crossing', `127.0.0.1 198.18.0.1`)
  sites.redis('home', 'home', '10.77.0.1')
  sites.devnet()
  const fallen = () => sites.fallen()
  await until(
    'the devnet',
    () => readFileSync(sites.place('chain/api'), 'utf8'),
    (api) => api !== '',
    { fallen },
  )
  sites.provider()
  sites.home()
  tell('both sites run; making a miner')
  const miner = await makeMiner(sites, o['sector-size'])
  const before = {
    line: await line.counters(),
    abroad: line.retransmitted('abroad'),
    home: line.retransmitted('home'),
  }
  tell(`${miner}: ${o.deals} deals`)
  const dealsAt = performance.now()
  const uuids = makeDeals(sites, miner, { count: Number(o.deals), sectorSize: o['sector-size'] })
  const rows = await provenDeals(sites, uuids, { deadlineMs: Number(o.timeout) * 1000, tell })
  const provenSeconds = (performance.now() - dealsAt) / 1000
  const after = {
    line: await line.counters(),
    abroad: line.retransmitted('abroad'),
    home: line.retransmitted('home'),
  }
  tell('all deals proven; now those who must not get in')
  intruders(sites)
  const attempts = tryIntruders(sites)
  const dialled = after.line.homeward.opened
  const scan = tryHome(sites)
  const health = await Promise.all(
    Object.entries(operators(sites)).map(async ([app, api]) => [app, await api.health({})]),
  )
  const moved = (way) =>
    Object.fromEntries(
      Object.entries(after.line[way]).map(([key, value]) => [key, value - before.line[way][key]]),
    )
  return {
    ok:
      attempts.every(({ right }) => right) &&
      scan.every(({ reached }) => !reached) &&
      dialled === 0 &&
      sites.fallen().length === 0,
    line: {
      rttMs: Number(o.rtt),
      lossPercent: Number(o.loss),
      mbit: Number(o.mbit),
      congestion: o.congestion,
    },
    deals: handovers(sites, uuids).map((cost, index) => ({ ...cost, provenEpoch: rows[index].provenEpoch })),
    provenSeconds,
    packets: { outward: moved('outward'), homeward: moved('homeward') },
    retransmitted: { abroad: after.abroad - before.abroad, home: after.home - before.home },
    pullsTriedAgain: (sites.log('sealer').match(/"code":"FILE_TRANSFER"/g) ?? []).length,
    connectionsDialledHomeward: dialled,
    attempts,
    scan,
    health: Object.fromEntries(health),
    seconds: (performance.now() - started) / 1000,
  }
}

function print(report) {
  const out = (text) => process.stdout.write(`${text}\n`)
  out(`\n${report.deals.length} deals proven in ${report.provenSeconds.toFixed(1)} s`)
  for (const deal of report.deals) {
    out(
      `  ${deal.dealUuid}  handed over in ${deal.handoverSeconds.toFixed(2)} s, ${deal.bytes} bytes pulled in ${deal.pullSeconds.toFixed(2)} s: ${deal.pullBytesPerSecond} bytes/s`,
    )
  }
  for (const [way, count] of Object.entries(report.packets))
    out(
      `  ${way}: ${count.packets} packets, ${count.bytes} bytes, ${count.lost} lost, ${count.overflowed} overflowed`,
    )
  out(
    `  sent again: ${report.retransmitted.abroad} segments abroad, ${report.retransmitted.home} at home; pulls tried again: ${report.pullsTriedAgain}`,
  )
  out(`  connections dialled from abroad to home: ${report.connectionsDialledHomeward}`)
  const reached = report.scan.filter(({ reached }) => reached)
  out(
    `  home's ${report.scan.length / 2} ports tried from abroad at two addresses: ${reached.length} reached`,
  )
  out('')
  for (const row of report.attempts) {
    out(
      `  ${row.right ? 'ok    ' : 'WRONG '} ${row.connection}, ${row.who}: ${row.refused ? 'refused' : 'admitted'}`,
    )
    out(`           caller: ${row.caller}`)
    if (row.server !== '') out(`           server: ${row.server}`)
  }
  for (const [app, { ok, rooms }] of Object.entries(report.health)) {
    const red = rooms.filter((room) => !room.ok).map(({ room, reason }) => `${room}: ${reason}`)
    out(`  ${app}: ${ok ? 'healthy' : red.join('; ')}`)
  }
  out(report.ok ? '\nok' : '\nNOT OK')
}
