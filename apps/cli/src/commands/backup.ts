import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { formatSize } from '@sealane/fil-units'
import { writeFileDurable } from '@sealane/host/client'
import type { Command } from 'commander'
import { backupState, holdsState, stateDirsIn } from '../backup/backup-state.js'
import { CliError } from '../cli-error.js'
import { readRunState, sealaneHome } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

interface Options {
  stateDir?: string[]
  identity: boolean
}

export function backupCommand(session: Session): Command {
  return answers<Options>(
    session,
    {
      usage: 'backup <dir>',
      about: 'Copy the apps’ databases and keys of this machine to a new folder, while they run.',
      examples: [
        'backup /backup/sealane-2026-11-22',
        'backup /backup/miner --state-dir /var/lib/sealane/miner --no-identity',
      ],
      notes: `Copied: databases (each as of one moment, checked), the keystore, and small files of the state directories.
Not copied: pieces, staging and sectors; beside each sector lies a manifest of its own.
With its identity.txt the backup opens the miner's keys: keep it as you keep money.`,
    },
    async ({ stateDir, identity }, [dirText = '']) => {
      const target = resolve(dirText)
      if (existsSync(target) && readdirSync(target).length > 0)
        throw usage(`${target} is not empty: name a new folder`)
      const dirs = stateDir?.map((dir) => resolve(dir)) ?? knownStateDirs(session)
      const wrong = dirs.find((dir) => !holdsState(dir))
      if (wrong !== undefined || dirs.length === 0) {
        throw new CliError(
          { code: 'FILE', path: wrong ?? '', reason: 'no state' },
          `${wrong === undefined ? 'no state directory is known here' : `${wrong} holds no state`}: name each app's with --state-dir (paths.state_dir in its config)`,
        )
      }
      // Under its final name a backup is whole.
      const partial = `${target}.partial-${process.pid}`
      mkdirSync(partial, { recursive: true, mode: 0o700 })
      const files = []
      for (const dir of dirs)
        files.push(...(await backupState(dir, join(partial, basename(dir)), partial, { identity })))
      const manifest = {
        madeAt: new Date(session.terminal.now()).toISOString(),
        version: 1,
        stateDirs: dirs,
        files,
      }
      await writeFileDurable(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`, {
        mode: 0o600,
      })
      renameSync(partial, target)
      if (!identity)
        session.note('identity.txt is not in it: without it the keys of this backup cannot be opened')
      const total = files.reduce((sum, file) => sum + file.sizeBytes, 0)
      const rows = files.map(
        (file) => `${file.kind.padEnd(8)}  ${formatSize(BigInt(file.sizeBytes)).padStart(10)}  ${file.path}`,
      )
      return {
        json: { dir: target, ...manifest },
        text: lines(...rows, `${files.length} files, ${formatSize(BigInt(total))}, in ${target}`),
      }
    },
    (command) =>
      command
        .option(
          '--state-dir <DIR>',
          'a state directory to copy; may be repeated (default: the running stack’s, or those in /var/lib/sealane)',
          (dir: string, before: string[] = []) => [...before, dir],
        )
        .option('--no-identity', 'leave out what opens the keystore'),
  )
}

function knownStateDirs(session: Session): string[] {
  const running = readRunState(sealaneHome(session.terminal.env))?.stateDir
  return stateDirsIn(running ?? '/var/lib/sealane')
}
