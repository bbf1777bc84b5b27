#!/usr/bin/env node
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { type FaultKind, faultKinds, faultText } from './fault.js'
import { type Finding, type RoundResult, runRound } from './run-round.js'
import { planRound, type RoundPlan } from './schedule.js'

interface Options {
  rounds: number
  seed: number
  only?: FaultKind[]
  keep?: boolean
  plan?: boolean
  json?: boolean
}

const program = new Command('npm run chaos --')
  .description(
    'Run the main job again and again while its processes, its Redis servers, the line across the ocean and the chain are hurt; after each round check every promise (sealane doctor --invariants --settled).',
  )
  .option('--rounds <N>', 'how many', whole, 10)
  .option('--seed <S>', 'seed of the first round; the next one has the next number', whole, 1)
  .option('--only <FAULT>', `only this kind of fault; may be repeated: ${faultKinds.join(', ')}`, kind)
  .option('--keep', 'keep the state of rounds that pass as well')
  .option('--plan', 'print what each round would do, and do nothing')
  .option('--json', 'one JSON document a line')
  .addHelpText(
    'after',
    `
A round is its seed: the deals, the limit, the faults and their moments follow from it. Exit code 0: every round passed; 1: one failed;
130: Ctrl-C. A failed round keeps its state and prints the command that runs it again.

Examples:
  $ npm run chaos -- --rounds 50
  $ npm run chaos -- --seed 17 --rounds 1
  $ npm run chaos -- --only reorg --only null-rounds --rounds 5
`,
  )
  .action(async () => {
    process.exitCode = await chaos(program.opts<Options>())
  })

async function chaos(options: Options): Promise<number> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort())
  const say = (facts: object, text: string) =>
    process.stdout.write(options.json ? `${JSON.stringify(facts)}\n` : `${text}\n`)
  const failed: number[] = []
  let run = 0
  const began = performance.now()
  for (let at = 0; at < options.rounds && !abort.signal.aborted; at += 1) {
    const seed = options.seed + at
    const plan = planRound(seed, options.only)
    const head = `round ${at + 1} of ${options.rounds}, seed ${seed}`
    if (options.plan === true) {
      say({ event: 'plan', seed, ...plan }, `${head}: ${planText(plan)}`)
      continue
    }
    const home = mkdtempSync(join(tmpdir(), `sealane-chaos-${seed}-`))
    say({ event: 'started', seed, home, ...plan }, `${head}: ${planText(plan)}`)
    let result: RoundResult
    try {
      const tell = (text: string) => say({ event: 'fault', seed, text }, `  ${text}`)
      result = await runRound({ home, plan, signal: abort.signal, tell })
    } catch (error) {
      if (abort.signal.aborted) {
        rmSync(home, { recursive: true, force: true })
        break
      }
      throw error
    }
    run += 1
    const { findings } = result
    const ok = findings.length === 0
    say({ event: 'round', seed, ok, ...result, ...(ok ? {} : { home }) }, roundText(head, result))
    if (!ok) {
      failed.push(seed)
      const again = `npm run chaos -- --rounds 1 --seed ${seed}${(options.only ?? []).map((one) => ` --only ${one}`).join('')}`
      say({ event: 'failed', seed, home, again }, failureText({ plan, result, home, again }))
    } else if (options.keep !== true) rmSync(home, { recursive: true, force: true })
  }
  if (options.plan === true) return 0
  const seconds = Math.round((performance.now() - began) / 1000)
  const verdict = failed.length === 0 ? 'no promise broken' : `failed seeds: ${failed.join(', ')}`
  say(
    { event: 'done', ok: failed.length === 0, asked: options.rounds, run, failed, seconds },
    `${run} of ${options.rounds} rounds run, ${verdict}, ${seconds} s`,
  )
  if (abort.signal.aborted) return 130
  return failed.length === 0 ? 0 : 1
}

function planText({ deals, dealConcurrent, faults }: RoundPlan): string {
  const said = faults.map(({ fault }) => fault.kind)
  return `${deals} deals, ${dealConcurrent} at once; ${said.join(', ') || 'no faults'}`
}

function roundText(head: string, result: RoundResult): string {
  const { findings, seconds, provenSeconds, settledSeconds, restarts, faults } = result
  const hits = faults.filter(({ hit }) => hit).length
  const verdict = findings.length === 0 ? 'ok' : `FAILED, ${findings.length} findings`
  return `${head}: ${verdict} in ${seconds} s (proven ${provenSeconds}, settled ${settledSeconds}), ${hits} of ${faults.length} faults hit, ${restarts} restarts`
}

function failureText(o: { plan: RoundPlan; result: RoundResult; home: string; again: string }): string {
  return [
    '  what was done:',
    ...o.result.faults.map((one) => `    ${faultText(one)}: ${one.what}`),
    '  what was found:',
    ...o.result.findings.flatMap(findingLines),
    `  state: ${o.home}`,
    `  again: ${o.again}`,
  ].join('\n')
}

/** Unit: characters. */
const longestRow = 600

function findingLines({ promise, rule, text, rows }: Finding): string[] {
  return [
    `    ${promise} ${rule}: ${text}`,
    ...rows.map((row) => `      ${JSON.stringify(row).slice(0, longestRow)}`),
  ]
}

function whole(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError('It is a whole number.')
  return value
}

function kind(text: string, before: FaultKind[] = []): FaultKind[] {
  const found = faultKinds.find((one) => one === text)
  if (found === undefined) throw new InvalidArgumentError(`One of ${faultKinds.join(', ')}.`)
  return [...before, found]
}

await program.parseAsync()
