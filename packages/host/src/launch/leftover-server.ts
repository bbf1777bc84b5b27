import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** From the gentle signal to SIGKILL. Unit: ms. */
const STOP_MS = 10_000

const pidFile = (dir: string) => join(dir, 'server.pid')

/** Notes which process serves `dir`, for whoever starts after us. */
export function noteServer(dir: string, pid: number | undefined): void {
  if (pid !== undefined) writeFileSync(pidFile(dir), `${pid}\n`)
}

/**
 * Ends the server that a killed process of ours left on `dir`: it is in a group of its own and lives on, and two servers on one
 * directory spoil it. A number that belongs to another program by now is left alone: ours works in `workDir`.
 */
export async function endLeftoverServer(o: {
  dir: string
  workDir: string
  program: string
  gentle: NodeJS.Signals
}): Promise<void> {
  if (!existsSync(pidFile(o.dir))) return
  const pid = Number(readFileSync(pidFile(o.dir), 'utf8'))
  const lives = () => Number.isSafeInteger(pid) && pid > 1 && isServer(pid, o.workDir, o.program)
  if (lives()) process.kill(pid, o.gentle)
  for (let waitedMs = 0; lives(); waitedMs += 20) {
    if (waitedMs >= STOP_MS) process.kill(pid, 'SIGKILL')
    await pause(20)
  }
  rmSync(pidFile(o.dir), { force: true })
}

function isServer(pid: number, workDir: string, program: string): boolean {
  try {
    if (existsSync('/proc/self')) return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(workDir)
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    return command.includes(basename(program))
  } catch {
    return false
  }
}
