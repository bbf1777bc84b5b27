import { readdirSync, readFileSync } from 'node:fs'

function status(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    return undefined
  }
}

/** Children of a process that lives: those that prove for a worker. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => new RegExp(`^PPid:\\s+${pid}$`, 'm').test(status(child) ?? ''))
}

/** Whether a process runs: neither gone nor waiting for its parent to notice. */
export function lives(pid: number): boolean {
  const text = status(pid)
  return text !== undefined && !/^State:\s+[ZX]/m.test(text)
}

/** Resident memory. Unit: MiB. */
export function rssMib(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status(pid) ?? '')?.[1] ?? 0) / 1024
}

/** What a worker's children prove just now, as their titles say: `preCommit1`, `commit2Trapdoor` … */
export function proofsOf(workerPid: number): string[] {
  return childrenOf(workerPid).flatMap((pid) => {
    try {
      const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return /^sealane-proofs-runner (\w+)/.exec(title)?.[1] ?? []
    } catch {
      return []
    }
  })
}
