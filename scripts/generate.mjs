// Writes everything that is generated and committed: gRPC code, the lifecycle diagrams, the help of every command, the reference of
// configuration keys, the table of recorded cases.
// `npm run generate`.
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
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
  await Promise.all(
    configured.map(async (page) =>
      writeFileSync(join(folder, `config-${page.name}.md`), await configPage(page)),
    ),
  )
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
