#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { useNativeCrypto } from '@sealane/crypto/native'
import { checkConfig, defaultConfigFile, exitCodeOf, loadConfig, plainLine, runApp } from '@sealane/host'
import { minerConfig } from './config.js'
import { MinerModule } from './miner.module.js'
import { Keystore } from './wallet/keystore.js'

const usage = `Sealane miner: signs, owns nonces and sector numbers, sends messages, meets WindowPoSt deadlines.

  sealane-miner run    [--config FILE] [--section-key VALUE …]
  sealane-miner wallet list | export NAME | import NAME FILE  [--config FILE]    (on this host only: opens the keystore)
  sealane-miner config default | check  [--config FILE]

Every key can be a flag (--section-key), an environment variable (SEALANE_MINER_SECTION_KEY) or a line of the TOML file;
"config default" prints them all with their meaning. FILE may be "-" for standard input.
`

async function main([command, ...argv]: readonly string[]): Promise<void> {
  switch (command) {
    case 'run': {
      const { values } = loadConfig(minerConfig, { argv })
      const { level, file } = values.log
      useNativeCrypto()
      await runApp({
        name: 'miner',
        module: MinerModule,
        config: values,
        logLevel: level,
        ...(file === undefined ? {} : { logFile: file }),
      })
      return
    }
    case 'wallet': {
      const { values, rest } = loadConfig(minerConfig, { argv })
      await wallet(rest, join(values.paths.state_dir, 'keystore'), values.keystore.identity)
      return
    }
    case 'config':
      if (argv[0] === 'default') process.stdout.write(defaultConfigFile(minerConfig))
      else if (argv[0] === 'check')
        process.stdout.write(`${checkConfig(minerConfig, { argv: argv.slice(1) })}\n`)
      else process.stderr.write(usage)
      return
    default:
      process.stdout.write(usage)
      process.exitCode = command === undefined || command === '--help' || command === 'help' ? 0 : 64
  }
}

/** Opens the keystore file itself: a key never crosses a socket. */
async function wallet(
  [verb, name = '', file = '-']: readonly string[],
  directory: string,
  identityFile: string | undefined,
): Promise<void> {
  const keystore = await Keystore.open({ directory, identityFile })
  switch (verb) {
    case 'list':
      for (const key of keystore.list()) process.stdout.write(`${key.name}\t${key.type}\t${key.address}\n`)
      return
    case 'export':
      process.stdout.write(`${keystore.export(name).reveal()}\n`)
      return
    case 'import': {
      const key = await keystore.import(name, readFileSync(file === '-' ? 0 : file, 'utf8'))
      process.stdout.write(`imported key ${key.address} successfully as ${key.name}!\n`)
      return
    }
    default:
      process.stderr.write(usage)
      process.exitCode = 64
  }
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${plainLine(error)}\n`)
  process.exitCode = exitCodeOf(error)
}
