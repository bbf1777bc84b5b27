import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { formatSize, parseDuration, UnitsError } from '@sealane/fil-units'
import { purgeTrash } from '@sealane/host/client'
import type { Command } from 'commander'
import { stateDirsIn } from '../backup/backup-state.js'
import { CliError } from '../cli-error.js'
import { readRunState, sealaneHome } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { storageFindText, storageListText, trashTable } from '../show/storage-text.js'
import { type TrashItem, trashItems, trashRoots } from '../storage/trash-items.js'

export function storageCommand(session: Session): Command {
  return group('storage', 'Storage paths, and what has left service.', [
    list(session),
    find(session),
    trash(session),
    purge(session),
  ])
}

function list(session: Session): Command {
  return answers(
    session,
    {
      usage: 'list',
      about: 'List storage paths: free space, sectors, use, and the worker that serves each.',
      examples: ['storage list'],
    },
    async () => {
      const rows = await (await session.sealer())['storage.list']({})
      return { json: rows, text: storageListText(rows) }
    },
  )
}

function find(session: Session): Command {
  return answers(
    session,
    {
      usage: 'find <sectorNum>',
      about: 'Print the storage path that holds a sector.',
      examples: ['storage find 2'],
    },
    async (_, [text]) => {
      const number = natural('sectorNum', text)
      const rows = await (await session.sealer())['storage.list']({})
      const found = rows.filter((row) => row.sectors.includes(number))
      if (found.length === 0) {
        throw new CliError(
          { code: 'FILE', path: `sector ${number}`, reason: 'on no known path' },
          `no storage path that a worker serves holds sector ${number}: "sealane storage list" shows the paths, "sealane sectors status ${number}" where the sector is`,
        )
      }
      return { json: found, text: storageFindText(found) }
    },
  )
}

interface TrashOptions {
  path?: string[]
}

function withPaths(command: Command): Command {
  return command.option(
    '--path <DIR>',
    'a state directory or storage path of this host; may be repeated (default: the running stack’s, or those in /var/lib/sealane)',
    (dir: string, before: string[] = []) => [...before, dir],
  )
}

const notes =
  'What leaves service is moved to trash/<date>/ on its own volume, with a manifest; nothing else deletes it but "storage purge".'

async function itemsHere(session: Session, { path }: TrashOptions): Promise<TrashItem[]> {
  const { env } = session.terminal
  const home = sealaneHome(env)
  const given = path?.map((dir) => resolve(dir))
  const wrong = given?.find((dir) => !existsSync(dir))
  if (wrong !== undefined)
    throw new CliError({ code: 'FILE', path: wrong, reason: 'not there' }, `${wrong} is not there`)
  const known = existsSync(home) ? [home] : []
  const running = readRunState(home)?.stateDir
  const dirs = given ?? [...known, ...(running === undefined ? stateDirsIn('/var/lib/sealane') : [running])]
  return await trashItems(trashRoots(dirs))
}

function trash(session: Session): Command {
  return answers<TrashOptions>(
    session,
    {
      usage: 'trash',
      about: 'List what lies in the trash of this host, oldest first, with why it went.',
      examples: ['storage trash', 'storage trash --path /data/worker-1'],
      notes,
    },
    async (o) => {
      const items = await itemsHere(session, o)
      const text = trashTable(items, session.terminal.now()) + total('in the trash', items)
      return { json: items, text }
    },
    withPaths,
  )
}

function purge(session: Session): Command {
  return answers<TrashOptions & { olderThan: string; dryRun?: boolean }>(
    session,
    {
      usage: 'purge',
      about: 'Delete what has been in the trash of this host for long enough. The only command that deletes.',
      examples: ['storage purge --dry-run', 'storage purge --older-than 72h --path /data/worker-1'],
      notes: `${notes}\nFirst look: --dry-run lists what would go, and its bytes.`,
    },
    async (o) => {
      const now = session.terminal.now()
      const retentionMs = ageMs(o.olderThan)
      const old = (await itemsHere(session, o)).filter((item) => item.trashedMs + retentionMs <= now)
      if (!o.dryRun) {
        for (const root of new Set(old.map((item) => item.root)))
          await purgeTrash(root, retentionMs, new Date(now))
      }
      const text = trashTable(old, now) + total(o.dryRun ? 'would be deleted' : 'deleted', old)
      return { json: { deleted: !o.dryRun, bytes: bytesOf(old), items: old }, text }
    },
    (command) =>
      withPaths(command)
        .option('--older-than <TIME>', 'keep what is younger: 72h, 720h0m0s', '720h')
        .option('--dry-run', 'delete nothing, say what would go'),
  )
}

function ageMs(text: string): number {
  try {
    const ms = parseDuration(text)
    if (ms >= 0) return ms
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error
  }
  throw usage(`--older-than is a time such as 72h or 30m, not "${text}"`)
}

function bytesOf(items: readonly TrashItem[]): number {
  return items.reduce((sum, item) => sum + item.bytes, 0)
}

function total(what: string, items: readonly TrashItem[]): string {
  const bytes = bytesOf(items)
  return lines(`${items.length} ${what}, ${bytes} bytes (${formatSize(BigInt(bytes))})`)
}
