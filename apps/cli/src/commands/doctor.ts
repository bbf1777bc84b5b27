import { join } from 'node:path'
import type { Command } from 'commander'
import { readRunState, sealaneHome } from '../connect/run-state.js'
import { tlsDir } from '../connect/tls-dir.js'
import { type Check, skip } from '../doctor/check.js'
import {
  cacheDir,
  checkCryptoAddon,
  checkDisk,
  checkMemory,
  checkNode,
  checkParameters,
  checkProofsAddon,
} from '../doctor/machine-checks.js'
import {
  checkApp,
  checkCertificates,
  checkChain,
  checkQueues,
  checkWorkers,
  configFilesIn,
  queueUrls,
} from '../doctor/service-checks.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { doctorText } from '../show/doctor-text.js'
import { processLives } from '../up/process-lives.js'

export function doctorCommand(session: Session): Command {
  return answers<{ config?: string[] }>(
    session,
    {
      usage: 'doctor',
      about:
        'Check this machine and what runs on it, one line each, with what to do. Exits with 1 when something fails.',
      examples: ['doctor', 'doctor --config /etc/sealane/sealer.toml'],
    },
    async ({ config }) => {
      const checks = await examine(session, config ?? [])
      return {
        json: checks,
        text: doctorText(checks),
        ...(checks.some(({ status }) => status === 'fail') ? { exitCode: 1 } : {}),
      }
    },
    (command) =>
      command.option(
        '--config <FILE>',
        'an app’s config: its queues are checked too; may be repeated',
        (file: string, before: string[] = []) => [...before, file],
      ),
  )
}

async function examine(session: Session, configs: readonly string[]): Promise<Check[]> {
  const { env } = session.terminal
  const home = sealaneHome(env)
  const state = readRunState(home)
  const [provider, sealer, miner] = await Promise.all([session.provider(), session.sealer(), session.miner()])
  const running = state !== undefined && processLives(state.pid, 'up')
  const urls = queueUrls(
    [...configs, ...(state === undefined ? [] : configFilesIn(join(home, 'config')))],
    env,
  )
  const groups = await Promise.all<Check | Check[]>([
    checkNode(process.version),
    checkMemory(),
    checkDisk(state?.stateDir ?? home),
    checkDisk(cacheDir(env)),
    checkCryptoAddon(),
    checkProofsAddon(env),
    checkParameters(env),
    ...(urls.length === 0
      ? [skip('queues', 'none known: name configs with --config, or set REDIS_URL')]
      : urls.map(checkQueues)),
    checkApp('provider', provider, running),
    checkApp('sealer', sealer, running),
    checkWorkers(sealer),
    checkApp('miner', miner, running),
    chainChecks(session),
    checkCertificates(tlsDir(env), session.terminal.now()),
  ])
  return groups.flat()
}

async function chainChecks(session: Session): Promise<Check[]> {
  try {
    return await checkChain(await session.chain(), session.terminal.now())
  } catch {
    return [skip('chain', 'no node known: FULLNODE_API_INFO is not set and nothing runs here')]
  }
}
