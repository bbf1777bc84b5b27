import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** A user of this machine. */
export interface Uid {
  readonly uid: number
  readonly gid: number
}

/** `nobody`, when we are root: PostgreSQL refuses to run as root, and initdb wants a uid with a passwd entry. */
export function unprivileged(): Uid | undefined {
  if (process.getuid?.() !== 0) return undefined
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .match(/^nobody:.*$/m)?.[0]
      .split(':') ?? []
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) }
}

/** Whether every user may pass through all folders above and including `path` (or its nearest existing parent). */
export function traversable(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    try {
      if ((statSync(at).mode & 0o001) === 0) return false
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return false
    }
    if (at === dirname(at)) return true
  }
}
