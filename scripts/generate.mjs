// Writes everything that is generated and committed: gRPC code, the lifecycle diagrams, the help of every command, the reference of
// configuration keys, the tables of recorded cases and of recorded deal traffic, what of lotus' API the devnet answers.
// `npm run generate`.
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { root } from './bootstrap.mjs'

/** Processes that read a configuration: the name of its page, the app, and how the app names it. */
const configured = [
  { name: 'provider', app: 'provider', command: 'run' },
  { name: 'sealer', app: 'sealer', command: 'run' },
  { name: 'worker', app: 'sealer', command: 'worker' },
  { name: 'miner', app: 'miner', command: 'run' },
  { name: 'devnet', app: 'devnet', command: 'run' },
]

/** Generates into `target` (a directory laid out as the checkout). */
export async function generate(target) {
  const proto = join(root, 'packages/proto')
  const out = join(target, 'packages/proto')
  mkdirSync(out, { recursive: true })
  for (const args of [['lint'], ['generate', '--output', out]]) {
    const ran = spawnSync('buf', args, { cwd: proto, encoding: 'utf8' })
    if (ran.status !== 0)
      throw new Error(`buf ${args[0]} failed:\n${ran.stdout}${ran.stderr}${ran.error?.message ?? ''}`)
  }
  const { lives, diagram } = await import(join(root, 'packages/lifecycle/dist/index.js'))
  const folder = join(target, 'docs/generated')
  mkdirSync(folder, { recursive: true })
  const sections = Object.entries(lives).map(
    ([name, life]) =>
      `## ${name}\n\nOwner: ${life.owner}.\n\n\`\`\`mermaid\n${diagram(life.table, life.initial, life.final)}\`\`\`\n`,
  )
  writeFileSync(
    join(folder, 'lifecycles.md'),
    `# The lives of things\n\nGenerated from the tables of packages/lifecycle by \`npm run generate\`; do not edit.\n\n${sections.join('\n')}`,
  )
  const { vectorTable } = await import(join(root, 'packages/recordings/dist/index.js'))
  writeFileSync(join(folder, 'vectors.md'), vectorTable())
  const { commandPage } = await import(join(root, 'apps/cli/dist/frame/command-page.js'))
  writeFileSync(join(folder, 'cli.md'), await commandPage())
  writeFileSync(join(folder, 'lotus-rpc.md'), await lotusRpcPage())
  writeFileSync(join(folder, 'boost-traffic.md'), boostPage())
  await Promise.all(
    configured.map(async (page) =>
      writeFileSync(join(folder, `config-${page.name}.md`), await configPage(page)),
    ),
  )
}

/** Method → its recordings → compared or not: from the tables that the devnet's test itself reads. */
async function lotusRpcPage() {
  const tests = join(root, 'packages/devnet/test')
  const [{ asks }, { notComparable, notServed }] = await Promise.all(
    ['asks.ts', 'not-compared.ts'].map((file) => import(join(tests, 'recorded', file))),
  )
  const names = readdirSync(join(tests, 'vectors/rpc'))
    .map((file) => file.replace(/\.json$/, ''))
    .sort()
  const methods = new Map()
  for (const name of names) {
    const [method, variant = ''] = name.split(/--(.*)/s)
    methods.set(method, [...(methods.get(method) ?? []), { name, variant }])
  }
  const compared = ({ name }) => name in asks || /^(err|ws)--/.test(name)
  const told = (recordings) =>
    recordings.map(({ variant }) => (variant === '' ? '(plain)' : variant)).join(', ')
  const rows = [...methods].map(([method, recordings]) => {
    const shown =
      method === 'err' ? 'errors of the transport' : method === 'ws' ? 'WebSocket sessions' : `\`${method}\``
    const left = recordings.filter((one) => !compared(one))
    const reasons = new Set(left.map(({ name }) => notComparable[name]))
    const answer =
      method in notServed
        ? `not served: ${notServed[method]}`
        : left.length === 0
          ? 'compared'
          : `compared, but for ${told(left)}: ${[...reasons].join('; ')}`
    return `| ${shown} | ${told(recordings)} | ${answer} |`
  })
  const count = names.filter((name) => compared({ name })).length
  return `# Lotus' API on the devnet

Generated from packages/devnet/test/recorded by \`npm run generate\`; do not edit.

Exchanges recorded from a real lotus (v1.36, network version 28), asked again of the devnet in \`packages/devnet/test\`: kinds of values, null or empty, names and order of fields, statuses, codes and texts of errors. ${count} of ${names.length} are compared; to a method that is not served the devnet answers lotus' own "method not found", which is compared too.

| method | recordings | the devnet's answer |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** Every recorded exchange with a real Boost, and how our provider's answer compares. Read by the provider's tests too. */
function boostPage() {
  const folder = join(root, 'apps/provider/test/vectors/boost')
  const read = (file) => JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8'))
  const names = ['exchanges', 'http', 'cli', 'others'].flatMap((file) => read(file).map(({ name }) => name))
  const rules = read('rules')
  const ruleOf = (name) => rules.find(({ files }) => new RegExp(`^(?:${files})$`).test(name))
  const words = { same: 'same', ours: 'ours differs', 'not compared': 'not compared' }
  const rows = names.sort().map((name) => {
    const { outcome, why } = ruleOf(name)
    return `| ${name} | ${words[outcome]} | ${why.replaceAll('|', '\\|')} |`
  })
  const count = (outcome) => names.filter((name) => ruleOf(name).outcome === outcome).length
  return `# What a real Boost was sent, sent to our provider

Generated from apps/provider/test/vectors/boost by \`npm run generate\`; do not edit. The comparison itself: \`npx vitest run apps/provider/src -t Boost\`.

${names.length} recordings of boostd v2.5.2: ${count('same')} answered the same, ${count('ours')} answered in our own way for the reason given, ${count('not compared')} not compared.

| Recording | Answer | Why |
| --- | --- | --- |
${rows.join('\n')}
`
}

/** What the app itself prints: the page cannot drift from the code that reads the file. */
async function configPage({ name, app, command }) {
  const main = join(root, 'apps', app, 'dist/main.js')
  const args = ['config', 'default', ...(command === 'worker' ? [command] : [])]
  const { stdout } = await promisify(execFile)(process.execPath, [main, ...args])
  if (!stdout.includes('[')) throw new Error(`${app} ${args.join(' ')} printed no sections:\n${stdout}`)
  return `# Settings of the ${name}

Generated from \`node apps/${app}/dist/main.js ${args.join(' ')}\` by \`npm run generate\`; do not edit.

Read by \`node apps/${app}/dist/main.js ${command} --config FILE\`. A flag beats the variable, the variable the file, the file the default.
Each line shows the default. A key without one may be left out, unless it says that it must be given.

\`\`\`toml
${stdout.trimEnd()}
\`\`\`
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generate(root)
