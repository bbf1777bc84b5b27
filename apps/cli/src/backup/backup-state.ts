import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { basename, join, relative } from 'node:path'
import { copyDatabase } from '@sealane/sql'

export interface BackedUpFile {
  /** Below the backup's folder. */
  readonly path: string
  readonly from: string
  readonly kind: 'database' | 'key' | 'file'
  readonly sizeBytes: number
  readonly sha256: string
}

/** Beside databases, a state directory holds small files that cannot be made again: keys, tokens, addresses. Unit: bytes. */
const smallFileBytes = 1024 * 1024

/**
 * Copies what cannot be made again of one state directory into `target`: databases (each as of one moment, while its app runs),
 * key files and other small files. Bulk data (pieces, sectors, staging) is not part of it.
 */
export async function backupState(
  stateDir: string,
  target: string,
  root: string,
  o: { identity: boolean },
): Promise<BackedUpFile[]> {
  mkdirSync(target, { recursive: true, mode: 0o700 })
  const done: BackedUpFile[] = []
  const note = async (from: string, to: string, kind: BackedUpFile['kind']) => {
    const { size } = statSync(to)
    done.push({ path: relative(root, to), from, kind, sizeBytes: size, sha256: await sha256(to) })
  }
  for (const entry of readdirSync(stateDir, { withFileTypes: true })) {
    const from = join(stateDir, entry.name)
    const to = join(target, entry.name)
    if (entry.isFile() && entry.name.endsWith('.db')) {
      copyDatabase(from, to)
      await note(from, to, 'database')
    } else if (entry.isFile() && isWorthKeeping(entry.name) && statSync(from).size <= smallFileBytes) {
      copyPrivate(from, to)
      await note(from, to, /key|identity|token/.test(entry.name) ? 'key' : 'file')
    } else if (entry.isDirectory() && entry.name === 'keystore') {
      mkdirSync(to, { mode: 0o700 })
      for (const key of readdirSync(from).filter(
        (name) => name.endsWith('.age') || (o.identity && name === 'identity.txt'),
      )) {
        copyPrivate(join(from, key), join(to, key))
        await note(join(from, key), join(to, key), 'key')
      }
    }
  }
  return done
}

/** Logs of SQLite belong to their database, locks and sockets to their process. */
function isWorthKeeping(name: string): boolean {
  return !/(-wal|-shm|-journal|\block|\.pid|\.sock|\.tmp)$/.test(name) && !name.endsWith('.db')
}

function copyPrivate(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** The state directories of one machine: each child of `parent` that holds a database. */
export function stateDirsIn(parent: string): string[] {
  if (!existsSync(parent)) return []
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name))
    .filter(holdsState)
    .sort((a, b) => basename(a).localeCompare(basename(b)))
}

/** Whether a directory is some app's. */
export function holdsState(dir: string): boolean {
  return existsSync(dir) && readdirSync(dir).some((name) => name.endsWith('.db') || name === 'keystore')
}
