import { spawn } from 'node:child_process'
import type { Known, ProposalFacts } from '@sealane/market'

/** What is read of a filter's words; clients hear at most 8 KiB. Unit: bytes. */
const maxOutputBytes = 64 * 1024

/**
 * Runs the operator's filter: `/bin/sh -c COMMAND` with `stdin` on its input. Exit 0 accepts. Anything else refuses, and
 * what it printed, standard output and error as they came, is the reason, verbatim. One that cannot be run, or takes
 * longer than `timeoutMs`, is killed with all it started: `unavailable`.
 *
 * Source: filecoin-project/boost@v2.5.2 storagemarket/dealfilter/cli.go:22-62.
 */
export function runFilter(
  command: string,
  stdin: string,
  timeoutMs: number,
): Promise<Known<Exclude<ProposalFacts['filter'], undefined | 'unavailable'>>> {
  return new Promise((resolve) => {
    // One pipe for both, so that words come in the order they were printed; a group of its own, so that it ends whole.
    const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${command}`], {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const printed: Uint8Array[] = []
    let printedBytes = 0
    let late = false
    const killAll = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // Nobody of the group is left.
      }
    }
    const timer = setTimeout(() => {
      late = true
      killAll()
    }, timeoutMs)
    child.stdout.on('data', (bytes: Buffer) => {
      if (printedBytes < maxOutputBytes) printed.push(bytes)
      printedBytes += bytes.length
    })
    // A filter need not read what it is given.
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
    child.once('error', () => {
      clearTimeout(timer)
      resolve('unavailable')
    })
    // What it left running in the background would hold the pipe open.
    child.once('exit', killAll)
    child.once('close', (code) => {
      clearTimeout(timer)
      if (late) return resolve('unavailable')
      const reason = Buffer.concat(printed).subarray(0, maxOutputBytes).toString('utf8')
      resolve(code === 0 ? { accept: true } : { accept: false, reason })
    })
  })
}
