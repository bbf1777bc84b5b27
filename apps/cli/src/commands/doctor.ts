import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseDuration } from '@sealane/fil-units'
import type { Command } from 'commander'
import { clientDir, readRunState, sealaneHome } from '../connect/run-state.js'
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
import type { Answer } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { examine } from '../invariants/examine.js'
import { ownerPlaces } from '../invariants/places.js'
import { promises } from '../invariants/violation.js'
import { doctorText } from '../show/doctor-text.js'
import { invariantsText } from '../show/invariants-text.js'
import { processLives } from '../up/process-lives.js'

interface DoctorOptions {
  config?: string[]
  invariants?: boolean
  settled?: string | true
  state?: string
  storage?: string[]
}

export function doctorCommand(session: Session): Command {
  return answers<DoctorOptions>(
    session,
    {
      usage: 'doctor',
      about:
        'Check this machine and what runs on it, one line each, with what to do. Exits with 1 when something fails.',
      examples: [
        'doctor',
        'doctor --config /etc/sealane/sealer.toml',
        'doctor --invariants',
        'doctor --invariants --settled 60s',
        'doctor --invariants --state /var/lib/sealane --storage /data/one --storage /data/two',
      ],
      notes: invariantNotes,
    },
    async ({ config, ...options }) => {
      if (options.invariants) return await invariants(session, config ?? [], options)
      const checks = await examineMachine(session, config ?? [])
      return {
        json: checks,
        text: doctorText(checks),
        ...(checks.some(({ status }) => status === 'fail') ? { exitCode: 1 } : {}),
      }
    },
    (command) =>
      command
        .option('--config <FILE>', 'an app’s config: its queues are checked too; may be repeated', repeated)
        .option(
          '--invariants',
          'read databases, journals, files and chain, and check the promises instead; changes nothing',
        )
        .option(
          '--settled [WAIT]',
          'with --invariants: also that nothing is left to do, waiting this long for it (default 0s)',
        )
        .option('--state <DIR>', 'with --invariants: where the apps keep their state')
        .option('--storage <DIR>', 'with --invariants: a worker’s storage path; may be repeated', repeated),
  )
}

const invariantNotes = `--invariants opens the databases of this machine's apps read-only, while they run or after they stopped, asks the chain node
for what the miner's journal names, and reads staging, storage paths and trash:
${Object.entries(promises)
  .map(([name, text]) => `  ${name.padEnd(8)} ${text}${name === 'settled' ? ' (with --settled)' : ''}`)
  .join('\n')}
What is not on this machine is left out and named. Exits with 1 when a promise is broken, with the rows that show it.`

function repeated(value: string, before: string[] = []): string[] {
  return [...before, value]
}

async function invariants(
  session: Session,
  configs: readonly string[],
  options: DoctorOptions,
): Promise<Answer> {
  const { env, now, signal } = session.terminal
  const home = sealaneHome(env)
  const state = readRunState(home)
  const own = options.state === undefined && state !== undefined
  // After `npm start` ended, its chain and queues are files that nobody serves.
  const served = !own || processLives(state.pid, 'up')
  const { settled } = options
  const stateDir = options.state ?? state?.stateDir ?? '/var/lib/sealane'
  const places = ownerPlaces(stateDir, options.storage ?? [])
  if (![places.providerDb, places.sealerDb, places.minerDb].some((file) => existsSync(file)))
    throw usage(`no database of provider, sealer or miner in ${stateDir}: name the directory with --state`)
  const examined = await examine({
    places,
    clientDir: own ? clientDir(env) : undefined,
    chain:
      served || env.FULLNODE_API_INFO !== undefined
        ? await session.chain().catch(() => undefined)
        : undefined,
    queues: queueUrls([...configs, ...(own && served ? configFilesIn(join(home, 'config')) : [])], env),
    settleMs: settled === undefined ? undefined : settled === true ? 0 : parseDuration(settled),
    waiting: (text) => session.note(`still to do: ${text}`),
    now,
    signal,
  })
  return {
    json: { ok: examined.violations.length === 0, ...examined },
    text: invariantsText(examined, settled !== undefined),
    ...(examined.violations.length > 0 ? { exitCode: 1 } : {}),
  }
}

async function examineMachine(session: Session, configs: readonly string[]): Promise<Check[]> {
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
