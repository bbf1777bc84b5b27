// One decoder in a process of its own: its memory is nobody else's. Watches the thread that decodes and prints one JSON
// line at the end; a `progress` line each second.
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { loadDecoder } from './load-decoders.mjs'
import { place, sharedBytes } from './place.mjs'

const options = JSON.parse(process.argv[2])
const { name, seed, from, runs, boundMs, rssLimitMiB } = options
/** A thread that stands at one input for so long is not slow but stuck, on a busy machine too. */
const hangMs = Math.max(3_000, boundMs * 20)

const shared = new SharedArrayBuffer(sharedBytes)
const at = new BigInt64Array(shared)
const began = performance.now()
const worker = new Worker(new URL('fuzz-worker.mjs', import.meta.url), {
  workerData: { name, seed, from, runs, boundMs, shared },
  resourceLimits: { maxOldGenerationSizeMb: rssLimitMiB },
})
let problem
let ended = false
worker.on('error', (error) => {
  problem ??= error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'ran out of memory' : error.message
})
worker.on('exit', () => {
  ended = true
})

let last = -1n
let since = performance.now()
let told = 0
while (!ended) {
  await sleep(20)
  const index = Atomics.load(at, place.index)
  const now = performance.now()
  if (index !== last || Atomics.load(at, place.busy) === 0n) {
    last = index
    since = now
  } else if (now - since > hangMs) {
    problem ??= `hung: no answer in ${Math.round((now - since) / 1000)} s`
    await worker.terminate()
  }
  if (rssMiB() > rssLimitMiB) {
    problem ??= `used ${rssMiB()} MiB of memory, more than ${rssLimitMiB}`
    await worker.terminate()
  }
  if (now - told > 1000) {
    told = now
    process.stdout.write(`${JSON.stringify({ progress: Number(index) - from })}\n`)
  }
}
const stopped = at[place.done] === 1n ? undefined : Number(at[place.index])
const executions = stopped === undefined ? runs : stopped - from
const seconds = (performance.now() - began) / 1000
const finding =
  stopped === undefined && problem === undefined
    ? undefined
    : {
        index: stopped ?? from + runs - 1,
        problem: problem ?? 'ended without a word',
        ...(await shown(stopped ?? from + runs - 1)),
      }
process.stdout.write(
  `${line({
    name,
    executions,
    perSecond: Math.round(executions / seconds),
    accepted: Number(at[place.accepted]),
    refused: executions - Number(at[place.accepted]),
    slowestMs: Number(at[place.slowestUs]) / 1000,
    peakRssMiB: Math.round(process.resourceUsage().maxRSS / 1024),
    seconds: Math.round(seconds * 10) / 10,
    finding,
  })}\n`,
  // A decoder's server would keep this process; leaving before the line is written would cut it.
  () => process.exit(finding === undefined ? 0 : 1),
)

/** JSON on one line, for readers too that take U+2028 for the end of one: an input may hold it. */
function line(value) {
  return JSON.stringify(value).replace(/[\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16)}`)
}

function rssMiB() {
  return Math.round(process.memoryUsage.rss() / 2 ** 20)
}

async function shown(index) {
  const decoder = await loadDecoder(name)
  const input = decoder.make(seed, index)
  return typeof input === 'string' ? { text: input } : { hex: Buffer.from(input).toString('hex') }
}
