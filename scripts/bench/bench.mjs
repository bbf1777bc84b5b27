// What every benchmark here shares: contestants in processes of their own, pinned to cores and asked in turn, medians, and
// the machine's facts beside the figures. Run them on an idle machine; the load of the moment is printed.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

/** A measured second per round is enough for a median of this many. */
const defaultRounds = 5

export function options(extra = {}) {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      rounds: { type: 'string', default: String(defaultRounds) },
      ...extra,
    },
  })
  const rounds = Number(values.rounds)
  if (!Number.isSafeInteger(rounds) || rounds < 1) throw new TypeError('--rounds: a whole number from 1')
  return { ...values, rounds }
}

export function machine() {
  const flags =
    readable('/proc/cpuinfo')
      .match(/^flags\s*:\s*(.*)$/m)?.[1]
      ?.split(' ') ?? []
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    features: ['sha_ni', 'avx2', 'adx', 'bmi2'].filter((name) => flags.includes(name)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: load(),
  }
}

/** Load averages of 1 and 5 minutes; above 0.3 something else is running and figures are low. */
export function load() {
  return readable('/proc/loadavg').split(' ').slice(0, 2).map(Number)
}

function readable(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]
}

/** CPU seconds of this process since `since`, a value of process.cpuUsage(). */
export function cpuSeconds(since) {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1e6
}

/** The same bytes for everyone: xorshift32 from a fixed seed, little-endian words. */
export function noise(bytes) {
  const words = new Uint32Array(Math.ceil(bytes / 4))
  let x = 2463534242
  for (let at = 0; at < words.length; at++) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    words[at] = x
  }
  return new Uint8Array(words.buffer, 0, bytes)
}

const pinning = spawnSync('taskset', ['--version']).status === 0

/** A process that answers each line on its stdin with one line of JSON, on the first `cores` cores. */
export class Contestant {
  constructor(name, command, args, { cores, env = {} }) {
    this.name = name
    this.cores = cores
    const pinned = pinning
      ? ['taskset', '-c', cores === 1 ? '0' : `0-${cores - 1}`, command, ...args]
      : [command, ...args]
    this.child = spawn(pinned[0], pinned.slice(1), {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]()
  }

  async round(request = 'go') {
    this.child.stdin.write(`${request}\n`)
    const { value, done } = await this.lines.next()
    if (done) throw new Error(`${this.name} ended without an answer`)
    return JSON.parse(value)
  }

  async end() {
    this.child.stdin.end()
    if (this.child.exitCode === null) await once(this.child, 'exit')
  }
}

/** The other side of a Contestant. */
export async function answerEach(answer) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(line))}\n`)
  }
}

/** All contestants in turn, round after round, so that a noisy minute hits them alike. Rows with medians. */
export async function compete(contestants, rounds, request) {
  const taken = contestants.map(() => [])
  for (const contestant of contestants) await contestant.round(request)
  for (let round = 0; round < rounds; round++) {
    for (const [at, contestant] of contestants.entries()) taken[at].push(await contestant.round(request))
  }
  return contestants.map(({ name, cores }, at) => ({ name, cores, rounds: taken[at] }))
}

/** Prints a table, or one line of JSON with everything. */
export function report({ title, columns, rows, notes = [], facts, json, raw = {} }) {
  if (json) {
    process.stdout.write(`${JSON.stringify({ bench: title, machine: facts, rows, notes, ...raw })}\n`)
    return
  }
  const text = rows.map((row) => columns.map(({ of }) => String(of(row))))
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...text.map((cells) => cells[at].length)),
  )
  const line = (cells) =>
    `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('  ')}`
  const { cpu, cores, features, memoryGiB, node } = facts
  process.stdout.write(`${title}\n`)
  process.stdout.write(`  ${cpu}, ${cores} cores, ${features.join(' ')}, ${memoryGiB} GiB, Node ${node}\n`)
  process.stdout.write(`  load before ${facts.load.join(' ')}, after ${load().join(' ')}\n\n`)
  process.stdout.write(`${line(columns.map(({ head }) => head))}\n`)
  for (const cells of text) process.stdout.write(`${line(cells)}\n`)
  for (const note of notes) process.stdout.write(`\n  ${note}\n`)
}

export function rounded(value, digits = 0) {
  return Number(value.toFixed(digits))
}
