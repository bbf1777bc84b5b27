// `npm run compliance`: whether a chain node behaves as lotus does.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { runCompliance } from '@sealane/chain'
import { formatFil, parseFil } from '@sealane/fil-units'

const help = `usage: npm run compliance -- --chain FULLNODE_API_INFO [options]

Asks a chain node, behaviour by behaviour, whether it speaks as lotus does. It only reads, unless told to write.
Prints pass, FAIL or skip for each, with the reason. Exit code: 0 when nothing failed, 1 when something did,
2 when it could not begin. The tokens: "read" is enough, "write" for --write.

  --chain INFO      the node: [TOKEN:]ADDR, as in FULLNODE_API_INFO (default: that variable)
  --write           also send messages: pushes, replacements, nonces, waits, receipts
  --key FILE        the key to send from, to itself: what \`lotus wallet export\` prints (with --write)
  --max-spend FIL   the most it may spend, fees at their cap (default 0.05 FIL)
  --timeout S       after this many seconds the rest is skipped (default: 240 and 60 blocks)
  --json            one JSON object a line instead of text
  --help            this text
`

function refuse(text) {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}

function options() {
  try {
    return parseArgs({
      options: {
        chain: { type: 'string', default: process.env.FULLNODE_API_INFO },
        write: { type: 'boolean', default: false },
        key: { type: 'string' },
        'max-spend': { type: 'string', default: '0.05 FIL' },
        timeout: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (cause) {
    return refuse(`${cause.message}; see --help`)
  }
}

function read(what, make) {
  try {
    return make()
  } catch (cause) {
    return refuse(`${what}: ${cause.message}`)
  }
}

const given = options()
if (given.help) {
  process.stdout.write(help)
  process.exit(0)
}
if (given.chain === undefined) refuse('say which node to ask: --chain FULLNODE_API_INFO; see --help')
if (given.write !== (given.key !== undefined)) refuse('--write and --key FILE go together; see --help')
const timeoutS = given.timeout === undefined ? undefined : Number(given.timeout)
if (timeoutS !== undefined && !(timeoutS > 0)) refuse(`--timeout ${given.timeout}: a number of seconds`)
const mostSpent = read(`--max-spend ${given['max-spend']}`, () => parseFil(given['max-spend']))
const key =
  given.key === undefined
    ? undefined
    : read(`--key ${given.key}`, () => readFileSync(given.key, 'utf8').trim())

const counts = { pass: 0, fail: 0, skipped: 0 }
const skippedFor = new Map()
const words = { pass: 'pass', fail: 'FAIL', skipped: 'skip' }
try {
  if (!given.json && key !== undefined)
    process.stdout.write(`messages are sent from the key to itself, for at most ${formatFil(mostSpent)}\n`)
  const outcomes = runCompliance({
    nodes: given.chain,
    mostSpent,
    ...(key === undefined ? {} : { key }),
    ...(timeoutS === undefined ? {} : { timeoutMs: timeoutS * 1000 }),
  })
  for await (const one of outcomes) {
    counts[one.outcome]++
    if (one.outcome === 'skipped') skippedFor.set(one.reason, (skippedFor.get(one.reason) ?? 0) + 1)
    process.stdout.write(
      given.json
        ? `${JSON.stringify(one)}\n`
        : `${words[one.outcome]}  ${one.name} (${one.durationMs} ms)${one.reason === undefined ? '' : `\n      ${one.reason}`}\n`,
    )
  }
} catch (cause) {
  refuse(cause.message)
}
process.stdout.write(
  given.json
    ? `${JSON.stringify(counts)}\n`
    : `${counts.pass} passed, ${counts.fail} failed, ${counts.skipped} skipped\n${[...skippedFor].map(([reason, count]) => `  ${count} skipped: ${reason}\n`).join('')}`,
)
process.exitCode = counts.fail === 0 ? 0 : 1
