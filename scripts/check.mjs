// Everything about the code that a machine can judge without running it. Each check prints one line, its output only when it fails.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bootstrap.mjs'

const checks = [
  ['format and lint', 'biome', ['check', '--error-on-warnings', '.'], 'npx biome check --write .'],
  [
    'declared arrows',
    process.execPath,
    ['scripts/check-arrows.mjs'],
    'depend only downwards (ARCHITECTURE.md)',
  ],
  ['room boundaries', 'turbo', ['boundaries'], 'import only what your package.json declares'],
  [
    'boundaries hold when broken',
    process.execPath,
    ['scripts/check-guards.mjs'],
    'see scripts/check-guards.mjs',
  ],
  ['types of tests', 'tsc', ['-p', 'tsconfig.tests.json'], 'see what tsc says; packages are built first'],
  ['dead code', 'knip', ['--no-progress'], 'delete what nothing uses'],
  ['generated files', process.execPath, ['scripts/check-generated.mjs'], 'npm run generate, then commit'],
  ['Rust format', 'cargo', ['fmt', '--check'], 'cargo fmt'],
]

let failed = 0
for (const [name, command, args, fix] of checks) {
  if (args[0]?.startsWith('scripts/') && !existsSync(join(root, args[0])))
    throw new Error(`${args[0]} is missing`)
  const started = performance.now()
  const ran = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', TURBO_TELEMETRY_DISABLED: '1' },
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  if (ran.status === 0) {
    process.stdout.write(`ok      ${name} (${seconds} s)\n`)
    continue
  }
  failed += 1
  process.stdout.write(
    `FAILED  ${name} (${seconds} s); to mend: ${fix}\n${ran.stdout ?? ''}${ran.stderr ?? ''}${ran.error?.message ?? ''}\n`,
  )
}
process.stdout.write(`${checks.length - failed} of ${checks.length} checks passed\n`)
process.exitCode = failed === 0 ? 0 : 1
