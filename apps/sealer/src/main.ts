import { checkConfig, defaultConfigFile, exitCodeOf, loadConfig, plainLine, runApp } from '@sealane/host'
import { sealerConfig, workerConfig } from './config.js'
import { CoordinatorModule } from './coordinator.module.js'
import { WorkerModule } from './worker/worker.module.js'

const usage = `Sealane sealer: takes pieces in, packs sectors and walks each through its life.

  sealane-sealer run    [--config FILE] [--enable_deal_sector] [--deal-concurrent N] [--total_num N] [--wait-deals 6h]
  sealane-sealer worker [--config FILE] [--tasks pc1,pc2,commit,finalize,post] [--storage PATH]… [--concurrency-pc1 N] …
  sealane-sealer config default|check [run|worker] [--config FILE]

Every key can be a flag (--section-key), an environment variable (SEALANE_SEALER_SECTION_KEY, SEALANE_WORKER_…) or a
line of the TOML file; "config default" prints them all with their meaning.
`

async function main([command, ...argv]: readonly string[]): Promise<void> {
  switch (command) {
    case 'run': {
      const { values } = loadConfig(sealerConfig, { argv })
      await runApp({ name: 'sealer', module: CoordinatorModule, config: values, ...logOptions(values.log) })
      return
    }
    case 'worker': {
      const { values } = loadConfig(workerConfig, { argv })
      await runApp({ name: 'worker', module: WorkerModule, config: values, ...logOptions(values.log) })
      return
    }
    case 'config': {
      const definition = argv.includes('worker') ? workerConfig : sealerConfig
      const rest = argv.filter((word) => word !== 'worker' && word !== 'run')
      if (rest[0] === 'default') process.stdout.write(defaultConfigFile(definition))
      else if (rest[0] === 'check')
        process.stdout.write(`${checkConfig(definition, { argv: rest.slice(1) })}\n`)
      else process.stderr.write(usage)
      return
    }
    default:
      process.stdout.write(usage)
      process.exitCode = command === undefined || command === '--help' || command === 'help' ? 0 : 64
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
