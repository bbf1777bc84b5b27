// Writes everything that is generated and committed: gRPC code, the lifecycle diagrams. `npm run generate`.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './bootstrap.mjs'

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
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generate(root)
