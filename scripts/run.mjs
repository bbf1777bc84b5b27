// `npm test`, `npm run check`, `npm run chaos`, `npm run generate` and `npm run bench:…`, each self-sufficient: they install and build what they need first.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build, environment, handOver, install, orRefuse, root } from './bootstrap.mjs'

const [task, ...args] = process.argv.slice(2)

const tasks = {
  async test() {
    const report = process.env.SEALANE_TEST_REPORT
    const reporters = report ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`] : []
    return handOver([join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...args])
  },
  async check() {
    return handOver([join(root, 'scripts/check.mjs'), ...args])
  },
  async bench() {
    const [which = '', ...rest] = args
    return handOver([join(root, 'scripts/bench', `${which}.mjs`), ...rest])
  },
  async chaos() {
    return handOver([join(root, 'apps/chaos/dist/main.js'), ...args])
  },
  async 'wan-lab'() {
    return handOver([join(root, 'infra/wan-lab/lab.mjs'), ...args])
  },
  async fuzz() {
    return handOver([join(root, 'test/fuzz/fuzz.mjs'), ...args])
  },
  async compliance() {
    return handOver([join(root, 'packages/chain/scripts/compliance.mjs'), ...args])
  },
  async generate() {
    return handOver([join(root, 'scripts/generate.mjs'), ...args])
  },
}

await orRefuse(async () => {
  const chosen = tasks[task]
  if (!chosen) {
    process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(tasks).join('|')}\n`)
    return 2
  }
  process.chdir(root)
  await install()
  const cargo = spawnSync('cargo', ['--version']).status === 0
  await build({ addons: cargo && (task === 'test' || task === 'bench' || task === 'chaos') })
  environment()
  return chosen()
})
