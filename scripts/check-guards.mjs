// A guard that cannot fail guards nothing: plants one violation of each rule in a copy of the checkout and sees it refused.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { root } from './bootstrap.mjs'
import { forbiddenArrows } from './check-arrows.mjs'

const skipped = new Set(['node_modules', 'dist', 'target', 'vectors', '.turbo', 'native'])
const copy = mkdtempSync(join(tmpdir(), 'sealane-guards-'))
const planted = 'packages/lifecycle/src/planted.ts'

const impure = [
  [
    'a node: module',
    "import { readFileSync } from 'node:fs'\nexport const read = readFileSync\n",
    'noRestrictedImports',
  ],
  ['the clock', 'export const now = Date.now()\n', 'noRestrictedGlobals'],
  ['chance', 'export const chance = Math.random()\n', 'take randomness as an argument'],
  ['the network', "export const page = fetch('http://localhost')\n", 'noRestrictedGlobals'],
]

const problems = []
try {
  for (const name of ['packages', 'apps', 'scripts']) {
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => !skipped.has(basename(path)),
    })
  }
  for (const name of [
    'package.json',
    'package-lock.json',
    'turbo.json',
    'biome.json',
    'tsconfig.base.json',
    '.gitignore',
  ]) {
    cpSync(join(root, name), join(copy, name))
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))

  for (const [what, source, rule] of impure) {
    const output = plant(planted, source, () => tool('biome', ['lint', planted]))
    expectRefusal(`${what} in a pure package`, output, rule)
  }
  const upwards = plant(planted, "import '@sealane/host'\n", () => tool('turbo', ['boundaries']))
  expectRefusal('an undeclared import', upwards, '@sealane/host')
  const sideways = plant('apps/provider/src/planted.ts', "import '../../miner/src/main.js'\n", () =>
    tool('turbo', ['boundaries']),
  )
  expectRefusal('an app that imports an app', sideways, 'miner')
  for (const [room, target] of [
    ['packages/host', 'actors'],
    ['apps/provider', 'proofs'],
    ['apps/miner', 'devnet'],
    ['packages/actors', 'chain'],
  ]) {
    if (!declare(room, target).some((line) => line.startsWith(`${room} → ${target}`))) {
      problems.push(`the arrow ${room} → ${target} was not refused`)
    }
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

function tool(command, args) {
  const env = { ...process.env, NO_COLOR: '1', TURBO_TELEMETRY_DISABLED: '1' }
  const ran = spawnSync(command, args, { cwd: copy, encoding: 'utf8', env })
  return { refused: ran.status !== 0, text: `${ran.stdout}${ran.stderr}` }
}

function plant(path, source, check) {
  writeFileSync(join(copy, path), source)
  try {
    return check()
  } finally {
    rmSync(join(copy, path))
  }
}

function expectRefusal(what, { refused, text }, word) {
  if (!refused || !text.includes(word)) problems.push(`${what} was not refused:\n${text}`)
}

function declare(room, target) {
  const path = join(copy, room, 'package.json')
  const before = readFileSync(path, 'utf8')
  const manifest = JSON.parse(before)
  manifest.dependencies[`@sealane/${target}`] = '0.1.0'
  writeFileSync(path, JSON.stringify(manifest))
  try {
    return forbiddenArrows(copy)
  } finally {
    writeFileSync(path, before)
  }
}
