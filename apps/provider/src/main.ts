#!/usr/bin/env node
import { useNativeCrypto } from '@sealane/crypto/native'
import { checkConfig, defaultConfigFile, exitCodeOf, loadConfig, plainLine, runApp } from '@sealane/host'
import { AppModule } from './app.module.js'
import { providerConfig } from './config.js'

const usage = `usage: provider run [--config FILE] [--section-key VALUE …]
       provider config default
       provider config check [--config FILE]`

/**
 * Errors out of a peer's broken stream, thrown by the libp2p stack where nobody can catch them. They leave our process
 * sound. Source: libp2p/js-libp2p#3512.
 */
function ofPeer(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return /node_modules\/(@libp2p|@chainsafe\/libp2p|libp2p)/.test(error.stack ?? '')
}

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv
  if (command === 'run') {
    const { values } = loadConfig(providerConfig, { argv: rest })
    const crypto = useNativeCrypto()
    const { log } = await runApp({
      name: 'provider',
      module: AppModule,
      config: values,
      logLevel: values.log.level,
      ...(values.log.file === undefined ? {} : { logFile: values.log.file }),
      survive: ofPeer,
    })
    log.info(crypto.native ? 'signatures and hashes: native' : 'signatures and hashes: plain JavaScript', {
      ...crypto,
    })
  } else if (command === 'config' && rest[0] === 'default') {
    process.stdout.write(defaultConfigFile(providerConfig))
  } else if (command === 'config' && rest[0] === 'check') {
    process.stdout.write(`${checkConfig(providerConfig, { argv: rest.slice(1) })}\n`)
  } else {
    process.stderr.write(`${usage}\n`)
    process.exitCode = command === undefined || command === '--help' || command === 'help' ? 0 : 64
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${plainLine(error)}\n`)
  process.exit(exitCodeOf(error))
})
