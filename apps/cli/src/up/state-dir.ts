import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { CliError } from '../cli-error.js'
import { type RunState, runStatePath } from '../connect/run-state.js'
import { processLives } from './process-lives.js'

/** Where one run's things are. */
export interface Places {
  home: string
  state: string
  tls: string
  config: string
  log: string
  client: string
  /** Operator sockets; short, because a socket path has at most 107 bytes, and 0700. */
  runtime: string
}

export function placesOf(home: string): Places {
  const short = createHash('sha256').update(home).digest('hex').slice(0, 10)
  const runtimeRoot = process.env.XDG_RUNTIME_DIR ?? tmpdir()
  return {
    home,
    state: join(home, 'state'),
    tls: join(home, 'tls'),
    config: join(home, 'config'),
    log: join(home, 'log'),
    client: join(home, 'client'),
    runtime: join(runtimeRoot, `sealane-${process.getuid?.() ?? 0}-${short}`),
  }
}

/** Takes the state directory for this process. Throws CliError STATE_TAKEN while another supervisor of it lives. */
export function takeState(places: Places): void {
  const running = existsSync(runStatePath(places.home))
    ? (JSON.parse(readFileSync(runStatePath(places.home), 'utf8')) as RunState)
    : undefined
  if (running && running.pid !== process.pid && processLives(running.pid, 'up')) {
    throw new CliError(
      { code: 'STATE_TAKEN', dir: places.home, pid: running.pid },
      `sealane already runs here (pid ${running.pid}): stop it with Ctrl-C, or set SEALANE_HOME to another directory`,
    )
  }
}

/** `--fresh`: the old state goes to the trash beside it, never away. */
export function retireState(places: Places): void {
  if (!existsSync(places.home)) return
  const trash = join(
    dirname(places.home),
    `${places.home.split('/').at(-1)}-trash`,
    new Date().toISOString().replace(/[:.]/g, '-'),
  )
  mkdirSync(dirname(trash), { recursive: true, mode: 0o700 })
  renameSync(places.home, trash)
  rmSync(places.runtime, { recursive: true, force: true })
}

/** A state has one sector size: its miner actor was made with it. */
export function settleSectorSize(places: Places, wanted: number): void {
  const file = join(places.home, 'sector-size')
  mkdirSync(places.home, { recursive: true, mode: 0o700 })
  if (!existsSync(file)) writeFileSync(file, `${wanted}\n`)
  const has = Number(readFileSync(file, 'utf8'))
  if (has === wanted) return
  const name = (size: number) => (size === 2048 ? '2KiB' : '8MiB')
  throw new CliError(
    { code: 'OTHER_SECTOR_SIZE', dir: places.home, has: name(has), needs: name(wanted) },
    `this state has ${name(has)} sectors, the file needs ${name(wanted)}: add --fresh (the old state is moved to the trash)`,
  )
}

/** The sector size this state already has, if any. */
export function knownSectorSize(places: Places): number | undefined {
  const file = join(places.home, 'sector-size')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined
}
