import { type ChildProcess, spawn } from 'node:child_process'
import { HostError } from '../errors/host-error.js'

/** A server process that we started. */
export interface LocalServer {
  readonly url: string
  readonly pid: number
  /** Resolves with the exit code or signal once it is gone. */
  readonly exited: Promise<string>
  /** Asks it to end (SIGTERM or the server's own signal), after 5 s makes it (SIGKILL). */
  stop(): Promise<void>
  /** kill -9, for tests of what survives. */
  kill(): Promise<void>
}

/** The last line a child printed, for the one-line error when it dies. */
export interface Spawned {
  readonly child: ChildProcess
  readonly exited: Promise<string>
  lastLine(): string
}

/** Starts a program in a process group of its own, so that Ctrl-C in the terminal does not reach it. */
export function spawnServer(
  program: string,
  args: readonly string[],
  o: { cwd?: string; uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): Spawned {
  const child = spawn(program, args, { ...o, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-2_000)
    })
  }
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  return { child, exited, lastLine: () => tail.trim().split('\n').at(-1) ?? '' }
}

/** Waits until `ready` answers true; throws HostError CHILD_DIED when the child ends or 30 s pass. */
export async function whenReady(
  what: string,
  spawned: Spawned,
  ready: () => Promise<boolean>,
): Promise<void> {
  let exit: string | undefined
  void spawned.exited.then((how) => {
    exit = how
  })
  for (const until = Date.now() + 30_000; Date.now() < until; ) {
    if (exit !== undefined) throw died(what, exit, spawned.lastLine())
    if (await ready().catch(() => false)) return
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
  spawned.child.kill('SIGKILL')
  throw died(what, 'no answer in 30 s', spawned.lastLine())
}

function died(what: string, exit: string, lastLine: string): HostError {
  return new HostError(
    { code: 'CHILD_DIED', what, exit, lastLine },
    `${what} did not start (${exit}): ${lastLine}`,
  )
}

/** stop() and kill() of a child. */
export function stopper(spawned: Spawned, gentle: NodeJS.Signals): Pick<LocalServer, 'stop' | 'kill'> {
  return {
    stop: async () => {
      spawned.child.kill(gentle)
      const timer = setTimeout(() => spawned.child.kill('SIGKILL'), 5_000)
      await spawned.exited
      clearTimeout(timer)
    },
    kill: async () => {
      spawned.child.kill('SIGKILL')
      await spawned.exited
    },
  }
}
