import { homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { readStateFile } from './state-file.js'

type Env = Readonly<Record<string, string | undefined>>

export const runState = z.object({
  /** The supervisor. */
  pid: z.int().positive(),
  /** Sockets `<app>.sock` of the operator APIs. */
  runtimeDir: z.string(),
  stateDir: z.string(),
  /** FULLNODE_API_INFO form, with the admin token (own devnet). */
  chain: z.string(),
  prover: z.string(),
  sectorSize: z.int().positive(),
})

/** What `sealane up` writes for the other commands: where the running stack is. */
export type RunState = z.output<typeof runState>

/** `$SEALANE_HOME`, else `~/.sealane`: the state of `npm start`. */
export function sealaneHome(env: Env = process.env): string {
  return env.SEALANE_HOME ?? join(homedir(), '.sealane')
}

export function runStatePath(home: string): string {
  return join(home, 'run.json')
}

/** The run that `home` remembers; undefined before the first one. Throws CliError FILE. */
export function readRunState(home = sealaneHome()): RunState | undefined {
  return readStateFile(runStatePath(home), runState)
}

/** The folder with the apps' operator sockets: `$SEALANE_RUNTIME_DIR`, the running stack's, or the packaged default. */
export function runtimeDir(env: Env = process.env): string {
  return env.SEALANE_RUNTIME_DIR ?? readRunState(sealaneHome(env))?.runtimeDir ?? '/run/sealane'
}

/** Where the client's key and deals are: `$SEALANE_CLIENT_DIR`, else with the state of `npm start`. */
export function clientDir(env: Env = process.env): string {
  return env.SEALANE_CLIENT_DIR ?? join(sealaneHome(env), 'client')
}
