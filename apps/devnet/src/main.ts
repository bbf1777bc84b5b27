#!/usr/bin/env node
import { useNativeCrypto } from '@sealane/crypto/native'
import { checkConfig, defaultConfigFile, exitCodeOf, loadConfig, plainLine, runApp } from '@sealane/host'
import { AppModule } from './app.module.js'
import { devnetConfig } from './config.js'

const usage = `Sealane devnet: a Filecoin chain for one machine that speaks Lotus JSON-RPC.

  sealane-devnet run [--config FILE] [--state-dir DIR] [--listen 127.0.0.1:1234] [--clock auto|wall|manual]
                     [--block-delay 1s] [--hold-limit 10m] [--section-key VALUE …]
  sealane-devnet config default
  sealane-devnet config check [--config FILE]
`

async function main([command, ...argv]: readonly string[]): Promise<void> {
  if (command === 'run') {
    const { values } = loadConfig(devnetConfig, { argv })
    const { level, file } = values.log
    useNativeCrypto()
    await runApp({
      name: 'devnet',
      module: AppModule,
      config: values,
      logLevel: level,
      ...(file === undefined ? {} : { logFile: file }),
    })
  } else if (command === 'config' && argv[0] === 'default') {
    process.stdout.write(defaultConfigFile(devnetConfig))
  } else if (command === 'config' && argv[0] === 'check') {
    process.stdout.write(`${checkConfig(devnetConfig, { argv: argv.slice(1) })}\n`)
  } else {
    process.stdout.write(usage)
    process.exitCode = command === undefined || command === '--help' || command === 'help' ? 0 : 64
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${plainLine(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
