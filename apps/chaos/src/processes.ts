import { readdirSync, readFileSync } from 'node:fs'

export interface RunningProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Every live process that a run on this state has started: they inherit SEALANE_HOME. */
export function processesOf(home: string): RunningProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isSafeInteger(pid) || pid === process.pid) return []
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      const environ = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0')
      // A zombie has no command line.
      if (command === '' || !environ.includes(`SEALANE_HOME=${home}`)) return []
      const status = readFileSync(`/proc/${name}/status`, 'utf8')
      return [{ pid, parent: Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]), command }]
    } catch {
      return [] // ended while we looked, or somebody else's
    }
  })
}

/** Of those, the ones whose line of parents does not lead to `root`: nobody will ever end them. */
export function orphansOf(home: string, root: number): RunningProcess[] {
  const all = processesOf(home)
  const known = new Map(all.map((one) => [one.pid, one]))
  return all.filter((one) => {
    let at: RunningProcess | undefined = one
    while (at !== undefined && at.pid !== root) at = known.get(at.parent)
    return at === undefined
  })
}
