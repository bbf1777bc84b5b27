// Who must not get in, tried on each kind of connection: no certificate, an expired one, another authority's, the wrong role.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/bootstrap.mjs'
import { addresses } from './line.mjs'
import { ports } from './sites.mjs'

const cli = join(root, 'apps/cli/dist/main.js')
const probe = join(import.meta.dirname, 'probe.mjs')

/** How each server names a refusal in its own log. */
const servers = {
  'piece server': {
    log: 'provider',
    tls: /file server refused/g,
    role: /role worker may not fetch files here/,
  },
  'crossing Redis': { log: 'redis-abroad', tls: /Error accepting a client connection/g },
  'miner gRPC': { log: 'miner', tls: /gRPC refused a connection/g, role: /call refused/g },
  'claims gRPC': { log: 'sealer', tls: /gRPC refused a connection/g, role: /call refused/g },
}

/** Certificates of an intruder, each in a folder of its own. */
export function intruders(sites) {
  const certs = (...words) =>
    execFileSync(process.execPath, [cli, 'certs', ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ca = sites.place('ca')
  const roles = ['sealer', 'worker', 'provider', 'operator']
  certs('init', '--dir', sites.place('other-ca'))
  for (const role of roles) {
    certs('issue', role, '--dir', ca, '--out', sites.place('expired'), '--valid-for', '1s')
    certs('issue', role, '--dir', sites.place('other-ca'), '--out', sites.place('other'))
    certs('issue', role, '--dir', ca, '--out', sites.place('own'))
  }
}

/** Tries everything; returns one row for each attempt, `refused` false when somebody was let in. */
export function tryIntruders(sites) {
  const ca = sites.place('ca/ca.crt')
  const pair = (folder, role) => ({
    ca,
    cert: sites.place(folder, `${role}.crt`),
    key: sites.place(folder, `${role}.key`),
  })
  const inner = addresses.homeInner
  const crossing = `${addresses.abroad}:${ports.crossing}`
  const kinds = [
    {
      name: 'piece server',
      role: 'sealer',
      wrong: 'worker',
      ask: { kind: 'https', url: `https://${addresses.abroad}:${ports.pieces}/pieces/baga6ea4seaqnotthere` },
      letIn: /^HTTP 404/,
    },
    {
      name: 'crossing Redis',
      role: 'sealer',
      ask: { kind: 'redis', url: `rediss://home:home-secret@${crossing}/0`, command: ['PING'] },
      letIn: /^PONG/,
    },
    {
      name: 'miner gRPC',
      role: 'sealer',
      wrong: 'provider',
      ask: { kind: 'grpc', address: `${inner}:${ports.minerGrpc}`, role: 'miner', service: 'miner' },
      letIn: /./,
    },
    {
      name: 'claims gRPC',
      role: 'worker',
      wrong: 'provider',
      ask: { kind: 'grpc', address: `${inner}:${ports.sealerGrpc}`, role: 'sealer', service: 'work' },
      letIn: /./,
    },
  ]
  const rows = []
  const attempt = (kind, who, ask, expected) => {
    const before = serverLines(sites, kind.name)
    const ran = sites.line.run('home', [process.execPath, probe, JSON.stringify(ask)])
    if (ran.stdout === '') throw new Error(`the probe of ${kind.name} (${who}) failed: ${ran.stderr}`)
    const met = JSON.parse(ran.stdout)
    const admitted = met.admitted && !/^HTTP 403|NOPERM|^let in: .*may not call/.test(met.text)
    rows.push({
      connection: kind.name,
      who,
      expected,
      refused: !admitted,
      right: admitted === (expected === 'admitted'),
      caller: met.text,
      server: serverLines(sites, kind.name).slice(before.length).at(-1) ?? '',
    })
  }
  for (const kind of kinds) {
    attempt(kind, 'its own certificate', { ...kind.ask, tls: pair('own', kind.role) }, 'admitted')
    attempt(kind, 'no certificate', { ...kind.ask, tls: { ca } }, 'refused')
    attempt(kind, 'an expired certificate', { ...kind.ask, tls: pair('expired', kind.role) }, 'refused')
    attempt(kind, "another authority's", { ...kind.ask, tls: pair('other', kind.role) }, 'refused')
    if (kind.wrong !== undefined)
      attempt(kind, `role ${kind.wrong}`, { ...kind.ask, tls: pair('own', kind.wrong) }, 'refused')
  }
  const redis = kinds[1]
  const own = pair('own', 'sealer')
  const asked = (url, ...command) => ({ kind: 'redis', url, command, tls: own })
  attempt(redis, 'no user', asked(`rediss://${crossing}/0`, 'PING'), 'refused')
  attempt(redis, 'a wrong password', asked(`rediss://home:guess@${crossing}/0`, 'PING'), 'refused')
  const provider = `rediss://provider:provider-secret@${crossing}/0`
  attempt(redis, 'role provider, other keys', asked(provider, 'GET', 'bull:seal.pc1:meta'), 'refused')
  attempt(redis, 'role provider, FLUSHALL', asked(provider, 'FLUSHALL'), 'refused')
  attempt(redis, 'role provider, CONFIG SET', asked(provider, 'CONFIG', 'SET', 'dir', '/tmp'), 'refused')
  return rows
}

function serverLines(sites, name) {
  const { log, tls, role } = servers[name]
  return sites
    .log(log)
    .split('\n')
    .filter((line) => line.search(tls) >= 0 || (role !== undefined && line.search(role) >= 0))
    .map((line) => shortened(line))
}

/** A JSON log line as the words a person reads. */
function shortened(line) {
  try {
    const { msg, message, error, err, reason } = JSON.parse(line)
    const why = error?.message ?? err?.message ?? error ?? reason ?? ''
    return `${msg ?? message}: ${typeof why === 'string' ? why : JSON.stringify(why)}`
      .replace(/: $/, '')
      .slice(0, 200)
  } catch {
    return line.trim().slice(0, 200)
  }
}

/** From abroad, every port that home listens on, at its outer and its inner address: none may answer. */
export function tryHome(sites) {
  const ports = [...new Set(sites.line.listening('home').map(({ port }) => port))]
  // A neighbour who knows the inner network may try to route to it.
  sites.line.run('abroad', ['ip', 'route', 'add', '10.77.0.0/24', 'via', addresses.homeOuter])
  return ports.flatMap((port) =>
    [addresses.homeOuter, addresses.homeInner].map((host) => {
      const ran = sites.line.run('abroad', [
        process.execPath,
        probe,
        JSON.stringify({ kind: 'tcp', host, port }),
      ])
      const { admitted, text } = JSON.parse(ran.stdout)
      return { host, port, reached: admitted, text }
    }),
  )
}
