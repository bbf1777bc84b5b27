import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { formatSize } from '@sealane/fil-units'
import { writeFileDurable } from '@sealane/host/client'
import { CliError } from '../cli-error.js'
import { readRunState } from '../connect/run-state.js'
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
  const running = readRunState(places.home)
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
export async function settleSectorSize(places: Places, wanted: number): Promise<void> {
  const file = join(places.home, 'sector-size')
  mkdirSync(places.home, { recursive: true, mode: 0o700 })
  if (!existsSync(file)) await writeFileDurable(file, `${wanted}\n`)
  const has = Number(readFileSync(file, 'utf8'))
  if (has === wanted) return
  const name = (size: number) => formatSize(BigInt(size)).replace(' ', '')
  throw new CliError(
    { code: 'OTHER_SECTOR_SIZE', dir: places.home, has: name(has), needs: name(wanted) },
    `this state has ${name(has)} sectors, the file needs ${name(wanted)}: add --fresh (the old state is moved to the trash)`,
  )
}

/** Which chain a state was made on, and with whose money. */
export interface StateChain {
  network: string
  /** CIDs of the genesis tipset. */
  genesis: string
  owner: string
}

/** A state lives on one chain, with one owner: its miner actor is there. `undefined`: the embedded devnet. */
export async function settleChain(places: Places, wanted: StateChain | undefined): Promise<void> {
  const has = knownChain(places)
  const file = join(places.home, 'chain.json')
  const used = existsSync(join(places.home, 'sector-size'))
  if (has === undefined && !used && wanted !== undefined) {
    mkdirSync(places.home, { recursive: true, mode: 0o700 })
    await writeFileDurable(file, `${JSON.stringify(wanted, null, 2)}\n`)
    return
  }
  if (has?.genesis === wanted?.genesis && has?.owner === wanted?.owner) return
  const whose = (chain: StateChain | undefined) =>
    chain === undefined ? 'the embedded devnet' : `${chain.network} with the owner ${chain.owner}`
  throw new CliError(
    { code: 'OTHER_CHAIN', dir: places.home, has: whose(has) },
    `this state belongs to ${whose(has)}, not to ${whose(wanted)}: add --fresh (the old state is moved to the trash), or set SEALANE_HOME to another directory`,
  )
}

/** The other chain this state was made on; undefined: the embedded devnet, or nothing yet. */
export function knownChain(places: Places): StateChain | undefined {
  const file = join(places.home, 'chain.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as StateChain) : undefined
}

/** The sector size this state already has, if any. */
export function knownSectorSize(places: Places): number | undefined {
  const file = join(places.home, 'sector-size')
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined
}
