import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CliError } from '../cli-error.js'

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
export function sealaneHome(env: NodeJS.ProcessEnv = process.env): string {
  return env.SEALANE_HOME ?? join(homedir(), '.sealane')
}

export function runStatePath(home: string): string {
  return join(home, 'run.json')
}

export function readRunState(home = sealaneHome()): RunState | undefined {
  const path = runStatePath(home)
  if (!existsSync(path)) return undefined
  return JSON.parse(readFileSync(path, 'utf8')) as RunState
}

/** The folder with the apps' operator sockets: `$SEALANE_RUNTIME_DIR`, the running stack's, or the packaged default. */
export function runtimeDir(env: NodeJS.ProcessEnv = process.env): string {
  return env.SEALANE_RUNTIME_DIR ?? readRunState()?.runtimeDir ?? '/run/sealane'
}

/** The chain nodes to ask: `$FULLNODE_API_INFO`, or the running stack's devnet. */
export function chainNodes(env: NodeJS.ProcessEnv = process.env): string {
  const nodes = env.FULLNODE_API_INFO ?? readRunState()?.chain
  if (nodes) return nodes
  throw new CliError(
    { code: 'NOT_RUNNING', what: 'a chain node' },
    'no chain node known: run "npm start" in another terminal, or set FULLNODE_API_INFO=TOKEN:/ip4/…/tcp/1234/http',
  )
}
