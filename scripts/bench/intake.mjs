// npm run bench:intake: offline proposals that the real provider validates, writes durably and answers, over libp2p from
// clients in another process, with a chain node that answers in 5 ms. All of it shares this machine.
//   --proposals N (default 1500)   --clients N (default 8)   --rate N (default 500)   --rounds N   --json
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createAuthority, issueCertificate } from '@sealane/host'
import { openDatabase } from '@sealane/sql'
import { Contestant, machine, median, options, percentile, report, rounded } from './bench.mjs'

const goalPerSecond = 1500
const goalP99Ms = 100
const inFlight = 128
const beside = (name) => fileURLToPath(new URL(name, import.meta.url))

const { json, rounds, ...wanted } = options({
  proposals: { type: 'string', default: '1500' },
  clients: { type: 'string', default: '8' },
  rate: { type: 'string', default: '500' },
})
const [proposals, clients, rate] = [Number(wanted.proposals), Number(wanted.clients), Number(wanted.rate)]
const facts = machine()
const rows = []
const notes = []
for (const keyType of ['bls', 'secp256k1']) await measure(keyType)

const fastest = Math.min(...rows.map(({ perCpuSecond }) => perCpuSecond))
notes.push(
  `Goals: ${goalPerSecond}/s end to end ${rows.every((row) => row.perSecond >= goalPerSecond) ? 'reached' : 'not reached at this load'}; p99 below ${goalP99Ms} ms at ${rate}/s ${rows.every((row) => row.steadyP99Ms < goalP99Ms) ? 'reached' : 'not reached at this load'}.`,
  `One core of a provider's own takes ${fastest}/s at least; clients and node share the machine here.`,
)
report({
  title: `intake, ${clients} clients, ${proposals} proposals a round, median of ${rounds}`,
  facts,
  json,
  rows,
  notes,
  columns: [
    { head: 'keys', of: (row) => row.keyType },
    { head: '/s', of: (row) => row.perSecond },
    { head: 'p50 ms', of: (row) => row.p50Ms },
    { head: 'p99 ms', of: (row) => row.p99Ms },
    { head: '/CPU-s of provider', of: (row) => row.perCpuSecond },
    { head: `at ${rate}/s: p50 ms`, of: (row) => row.steadyP50Ms },
    { head: 'p99 ms', of: (row) => row.steadyP99Ms },
    { head: 'rows lost', of: (row) => row.lost },
  ],
})

async function measure(keyType) {
  const dir = mkdtempSync(join(tmpdir(), 'sealane-bench-intake-'))
  const node = new Contestant('node', process.execPath, [beside('intake-node.mjs')], { cores: facts.cores })
  const provider = await startProvider(dir, (await node.round()).apiInfo)
  const load = new Contestant(
    'clients',
    process.execPath,
    [beside('intake-clients.mjs'), keyType, String(clients), provider.address],
    { cores: facts.cores },
  )
  try {
    await load.round(`most ${Math.ceil(proposals / 4)} ${inFlight}`)
    let accepted = Math.ceil(proposals / 4)
    const most = []
    const steady = []
    for (let round = 0; round < rounds; round++) {
      const before = cpuOf(provider.child.pid)
      const taken = await load.round(`most ${proposals} ${inFlight}`)
      most.push({ ...taken, providerCpu: cpuOf(provider.child.pid) - before })
      steady.push(await load.round(`steady ${rate * 2} ${rate}`))
      accepted += proposals + rate * 2
    }
    // Whoever was told "accepted" is in the database after a kill, and nobody else.
    provider.child.kill('SIGKILL')
    await once(provider.child, 'exit')
    const db = await openDatabase(`sqlite:${join(dir, 'state', 'deals.db')}`)
    const { count } = await db
      .selectFrom('deals')
      .select((eb) => eb.fn.countAll().as('count'))
      .executeTakeFirstOrThrow()
    await db.destroy()
    const of = (all, share) => rounded(median(all.map(({ latencies }) => percentile(latencies, share))), 1)
    rows.push({
      keyType,
      perSecond: rounded(median(most.map(({ seconds }) => proposals / seconds))),
      p50Ms: of(most, 0.5),
      p99Ms: of(most, 0.99),
      perCpuSecond: rounded(median(most.map(({ providerCpu }) => proposals / providerCpu))),
      steadyP50Ms: of(steady, 0.5),
      steadyP99Ms: of(steady, 0.99),
      lost: accepted - Number(count),
    })
  } finally {
    provider.child.kill('SIGKILL')
    await load.end()
    await node.end()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function startProvider(dir, apiInfo) {
  const certificates = join(dir, 'tls')
  await createAuthority(certificates)
  await issueCertificate(certificates, { role: 'provider' })
  const flags = {
    'paths-state-dir': join(dir, 'state'),
    'paths-runtime-dir': join(dir, 'run'),
    'tls-dir': certificates,
    'tls-required': 'false',
    'miner-address': 't01000',
    'chain-nodes': apiInfo,
    // Nobody is home: offers wait in the outbox.
    'crossing-redis-url': 'redis://127.0.0.1:1',
    'pieces-listen': '127.0.0.1:0',
    'libp2p-listen': '/ip4/127.0.0.1/tcp/0',
    'libp2p-connections-per-second': '1000',
    'deals-expected-seal-epochs': '100',
    'deals-proposals-per-second': '1000000',
    'ask-price-atto-fil': '1000000',
    'ask-min-piece-size': '256',
  }
  const main = fileURLToPath(new URL('../../apps/provider/dist/main.js', import.meta.url))
  const args = [main, 'run', ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = []
  const up = Promise.withResolvers()
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line)
    if (lines.length > 50) lines.shift()
    const found = /\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/\w+/.exec(line)
    if (found !== null) up.resolve(found[0])
  })
  child.once('exit', (code) => up.reject(new Error(`the provider ended with ${code}: ${lines.join('\n')}`)))
  const late = setTimeout(() => up.reject(new Error(`the provider is not up: ${lines.join('\n')}`)), 60_000)
  const address = await up.promise
  clearTimeout(late)
  return { child, address }
}

/** CPU seconds of a process so far; ticks of 10 ms. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
