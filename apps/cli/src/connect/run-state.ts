import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Env = Readonly<Record<string, string | undefined>>

/** What `sealane up` writes for the other commands: where the running stack is. */
export interface RunState {
  /** The supervisor. */
  pid: number
  /** Sockets `<app>.sock` of the operator APIs. */
  runtimeDir: string
  stateDir: string
  /** FULLNODE_API_INFO form, with the admin token (own devnet). */
  chain: string
  prover: string
  sectorSize: number
}

/** `$SEALANE_HOME`, else `~/.sealane`: the state of `npm start`. */
export function sealaneHome(env: Env = process.env): string {
  return env.SEALANE_HOME ?? join(homedir(), '.sealane')
}

export function runStatePath(home: string): string {
  return join(home, 'run.json')
}

/** The run that `home` remembers; undefined before the first one. */
export function readRunState(home = sealaneHome()): RunState | undefined {
  const path = runStatePath(home)
  if (!existsSync(path)) return undefined
  return JSON.parse(readFileSync(path, 'utf8')) as RunState
}

/** The folder with the apps' operator sockets: `$SEALANE_RUNTIME_DIR`, the running stack's, or the packaged default. */
export function runtimeDir(env: Env = process.env): string {
  return env.SEALANE_RUNTIME_DIR ?? readRunState(sealaneHome(env))?.runtimeDir ?? '/run/sealane'
}

/** Where the client's key and deals are: `$SEALANE_CLIENT_DIR`, else with the state of `npm start`. */
export function clientDir(env: Env = process.env): string {
  return env.SEALANE_CLIENT_DIR ?? join(sealaneHome(env), 'client')
}
