#!/usr/bin/env node
import { useNativeCrypto } from '@sealane/crypto/native'
import { checkConfig, defaultConfigFile, exitCodeOf, loadConfig, plainLine, runApp } from '@sealane/host'
import { sealerConfig, workerConfig } from './config.js'

const usage = `Sealane sealer: takes pieces in, packs sectors and walks each through its life.

  sealane-sealer run    [--config FILE] [--enable_deal_sector] [--deal-concurrent N] [--total_num N] [--wait-deals 6h]
  sealane-sealer worker [--config FILE] [--name NAME] [--tasks pc1,pc2,commit,finalize,post] [--concurrency pc1=2,pc2=1]
                        [--storage PATH]… [--prover real|trapdoor]
  sealane-sealer config default|check [run|worker] [--config FILE]

Every key can be a flag (--section-key), an environment variable (SEALANE_SEALER_SECTION_KEY, SEALANE_WORKER_…) or a
line of the TOML file; "config default" prints them all with their meaning.
`

async function main([command, ...argv]: readonly string[]): Promise<void> {
  switch (command) {
    case 'run':
      return await runCoordinator(argv)
    case 'worker':
      return await runWorker(argv)
    case 'config':
      return config(argv)
    default:
      process.stdout.write(usage)
      process.exitCode = command === undefined || command === '--help' || command === 'help' ? 0 : 64
  }
}

// Each process loads only its own half: a worker opens no database, a coordinator no proofs child.

async function runCoordinator(argv: readonly string[]): Promise<void> {
  const { values, sources } = loadConfig(sealerConfig, { argv })
  const flaggedLimits = Object.keys(values.limits).filter((key) =>
    sources.get(`limits.${key}`)?.startsWith('flag '),
  )
  const { CoordinatorModule } = await import('./coordinator/coordinator.module.js')
  useNativeCrypto()
  await runApp({
    name: 'sealer',
    module: CoordinatorModule,
    config: { ...values, flaggedLimits },
    ...logOptions(values.log),
  })
}

async function runWorker(argv: readonly string[]): Promise<void> {
  const { values } = loadConfig(workerConfig, { argv })
  const { WorkerModule } = await import('./worker/worker.module.js')
  useNativeCrypto()
  await runApp({ name: 'worker', module: WorkerModule, config: values, ...logOptions(values.log) })
}

function config(argv: readonly string[]): void {
  const definition = argv.includes('worker') ? workerConfig : sealerConfig
  const [verb, ...rest] = argv.filter((word) => word !== 'worker' && word !== 'run')
  if (verb === 'default') process.stdout.write(defaultConfigFile(definition))
  else if (verb === 'check') process.stdout.write(`${checkConfig(definition, { argv: rest })}\n`)
  else {
    process.stderr.write(usage)
    process.exitCode = 64
  }
}

function logOptions(log: { level: 'debug' | 'info' | 'warn' | 'error'; file?: string | undefined }) {
  return { logLevel: log.level, ...(log.file === undefined ? {} : { logFile: log.file }) }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${plainLine(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
