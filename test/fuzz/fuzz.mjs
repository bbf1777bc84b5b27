// Every decoder that reads what a peer, a node or a file says, given a million inputs each: random ones, and recorded
// ones that were changed. A crash, a hang, too much memory or an error without a name of its own is a finding; the
// first ends a decoder's run, is printed with the command that repeats it, and makes the exit code 1.
//
//   npm run fuzz                              all of them, 10^6 inputs each
//   npm run fuzz -- --only market --runs 20000
//   npm run fuzz -- --only chain.answer --seed 7 --from 4711 --runs 1     one input again
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { decoderNames } from './load-decoders.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    'bound-ms': { type: 'string', default: '1000' },
    'rss-mib': { type: 'string', default: '640' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})
const known = await decoderNames()
if (values.help) {
  process.stdout.write(`npm run fuzz -- [options]

  --runs N      inputs for each decoder (1000000)
  --only NAME   decoders whose name begins so: a comma between several
  --seed S      another seed gives other inputs (1); the same seed the same ones
  --from I      number of the first input (0)
  --bound-ms M  CPU time that one input may take (1000)
  --rss-mib R   memory that a decoder's process may have (640)
  --json        the table as JSON

Decoders: ${known.join(', ')}
`)
  process.exit(0)
}

const wanted = values.only?.split(',') ?? ['']
const names = known.filter((name) =>
  wanted.some((one) => (known.includes(one) ? name === one : name.startsWith(one))),
)
const numbers = Object.fromEntries(
  ['runs', 'seed', 'from', 'bound-ms', 'rss-mib'].map((option) => [option, Number(values[option])]),
)
if (
  names.length === 0 ||
  Object.values(numbers).some((number) => !Number.isSafeInteger(number) || number < 0)
) {
  process.stderr.write('fuzz: no such decoder, or not a number; see --help\n')
  process.exit(2)
}

const rows = []
for (const name of names) rows.push(await run(name))
const found = rows.filter(({ finding }) => finding !== undefined)
if (values.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`)
else
  process.stdout.write(`${table(rows)}\n${found.length === 0 ? 'no findings' : `${found.length} findings`}\n`)
process.exitCode = found.length === 0 ? 0 : 1

async function run(name) {
  const options = {
    name,
    seed: numbers.seed,
    from: numbers.from,
    runs: numbers.runs,
    boundMs: numbers['bound-ms'],
    rssLimitMiB: numbers['rss-mib'],
  }
  const main = fileURLToPath(new URL('fuzz-child.mjs', import.meta.url))
  const child = spawn(process.execPath, [main, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const errors = []
  child.stderr.on('data', (chunk) => errors.push(String(chunk)))
  let row
  let reached = 0
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = JSON.parse(line)
    if (told.progress === undefined) row = told
    else {
      reached = told.progress
      if (!values.json && process.stderr.isTTY)
        process.stderr.write(`\r${name}: ${reached} of ${numbers.runs} `)
    }
  })
  const ended = await new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
  row ??= {
    name,
    executions: reached,
    finding: {
      index: numbers.from + reached,
      problem: `the process ended with ${ended}, at or after this input\n${errors.join('').slice(-2000)}`,
    },
  }
  if (!values.json) {
    process.stderr.write(process.stderr.isTTY ? '\r' : '')
    process.stdout.write(
      `${row.finding === undefined ? 'ok     ' : 'FINDING'} ${name}: ${row.executions} inputs in ${row.seconds ?? '?'} s\n`,
    )
  }
  if (row.finding !== undefined) {
    row.finding.again = `npm run fuzz -- --only ${name} --seed ${numbers.seed} --from ${row.finding.index} --runs 1`
    if (!values.json) process.stdout.write(`${report(row.finding)}\n`)
  }
  return row
}

function report({ problem, hex, text, again }) {
  const input = hex === undefined ? (text === undefined ? '' : `text ${JSON.stringify(text)}`) : `hex ${hex}`
  return [problem, input, `again: ${again}`].map((line) => `  ${line}`).join('\n')
}

function table(rows) {
  const head = ['decoder', 'executions', 'per s', 'accepted', 'refused', 'slowest ms', 'peak MiB', 'finding']
  const lines = rows.map((row) => [
    row.name,
    row.executions,
    row.perSecond ?? '',
    row.accepted ?? '',
    row.refused ?? '',
    row.slowestMs?.toFixed(1) ?? '',
    row.peakRssMiB ?? '',
    row.finding === undefined ? '' : `input ${row.finding.index}`,
  ])
  const widths = head.map((title, at) => Math.max(title.length, ...lines.map((line) => `${line[at]}`.length)))
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, at) => (at === 0 ? `${cell}`.padEnd(widths[at]) : `${cell}`.padStart(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
