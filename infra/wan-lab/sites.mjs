// The two sites as the guide sets them up (docs/guide/split-site.md): settings, certificates, Redis, and every process in the
// namespace where it belongs.
import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../scripts/bootstrap.mjs'
import { addresses } from './line.mjs'

const cli = join(root, 'apps/cli/dist/main.js')
const main = (app) => join(root, 'apps', app, 'dist/main.js')

export const ports = {
  crossing: 6380,
  pieces: 7410,
  libp2p: 24001,
  homeRedis: 6381,
  minerGrpc: 7420,
  minerHub: 7421,
  sealerGrpc: 7430,
  sealerHub: 7431,
}

export class Sites {
  #running = []

  constructor(dir, line) {
    this.dir = dir
    this.line = line
  }

  place(...parts) {
    return join(this.dir, ...parts)
  }

  /** Runs `sealane` at a site, with that site's sockets and chain node; returns what it printed. */
  sealane(site, words, env = {}) {
    const ran = this.line.run(site, [process.execPath, cli, ...words], {
      ...process.env,
      SEALANE_HOME: this.place('none'),
      SEALANE_RUNTIME_DIR: this.place(site, 'run'),
      SEALANE_CLIENT_DIR: this.place('client'),
      FULLNODE_API_INFO:
        site === 'home' ? this.#node('token', 'chainForHome') : this.#node('token-read', 'chainForAbroad'),
      NO_COLOR: '1',
      ...env,
    })
    if (ran.status !== 0) throw new Error(`sealane ${words.join(' ')} (${site}): ${ran.stderr || ran.stdout}`)
    return ran.stdout.trim()
  }

  /** The client's words, with a token that may push its messages. */
  client(words) {
    return this.sealane('abroad', ['client', ...words], {
      FULLNODE_API_INFO: this.#node('token', 'chainForAbroad'),
    })
  }

  #node(token, address) {
    return `${readFileSync(this.place('chain', token), 'utf8').trim()}:/ip4/${addresses[address]}/tcp/1234/http`
  }

  certificates() {
    const certs = (...words) =>
      execFileSync(process.execPath, [cli, 'certs', ...words], { stdio: ['ignore', 'ignore', 'inherit'] })
    const ca = this.place('ca')
    const [abroad, home] = [this.place('abroad/tls'), this.place('home/tls')]
    certs('init', '--dir', ca)
    certs('issue', 'provider', '--dir', ca, '--out', abroad)
    certs('issue', 'redis', '--dir', ca, '--out', abroad, '--host', addresses.abroad, '--host', '127.0.0.1')
    for (const role of ['sealer', 'miner', 'worker']) certs('issue', role, '--dir', ca, '--out', home)
    certs('issue', 'redis', '--dir', ca, '--out', home, '--host', addresses.homeInner)
  }

  /** Redis as infra/redis has it, with this lab's paths, passwords and addresses. */
  redis(site, name, address) {
    mkdirSync(this.place(site, 'redis'), { recursive: true })
    for (const file of [`${name}.conf`, `${name}.acl`]) {
      const text = readFileSync(join(root, 'infra/redis', file), 'utf8')
        .replaceAll('/etc/sealane/tls', this.place(site, 'tls'))
        .replaceAll('/etc/sealane/redis', this.place(site, 'redis'))
        .replaceAll('/var/lib/sealane/redis', this.place(site, 'redis'))
        .replace(/^bind .*/m, `bind ${address}`)
        .replace(/CHANGE-ME-(\w+)/g, (_all, role) => `${role.toLowerCase()}-secret`)
      writeFileSync(this.place(site, 'redis', file), text, { mode: 0o600 })
    }
    this.#start(site, `redis-${site}`, ['redis-server', this.place(site, 'redis', `${name}.conf`)])
  }

  devnet() {
    mkdirSync(this.place('chain'), { recursive: true })
    this.#app('chain', 'devnet', ['run'], {
      paths: { state_dir: this.place('chain'), runtime_dir: this.place('chain/run') },
      rpc: { listen: '0.0.0.0:1234' },
    })
  }

  provider() {
    this.#app('abroad', 'provider', ['run'], {
      ...this.#common('abroad', 'provider'),
      chain: { nodes: this.#node('token-read', 'chainForAbroad') },
      crossing: { redis_url: `rediss://provider:provider-secret@127.0.0.1:${ports.crossing}/0` },
      libp2p: { listen: [`/ip4/${addresses.abroad}/tcp/${ports.libp2p}`] },
      pieces: { listen: `${addresses.abroad}:${ports.pieces}` },
      // The lab's client is on this machine.
      transfer: { allow_private_addresses: true },
    })
  }

  home() {
    const inner = addresses.homeInner
    const redis = (role) => ({ redis_url: `rediss://${role}:${role}-secret@${inner}:${ports.homeRedis}/0` })
    this.#app('home', 'miner', ['run'], {
      ...this.#common('home', 'miner'),
      chain: { nodes: this.#node('token', 'chainForHome') },
      home: redis('miner'),
      grpc: { listen: `${inner}:${ports.minerGrpc}` },
      hub: { listen: `${inner}:${ports.minerHub}` },
      publish: { period: '5s' },
    })
    this.#app('home', 'sealer', ['run'], {
      ...this.#common('home', 'sealer'),
      crossing: { redis_url: `rediss://home:home-secret@${addresses.abroad}:${ports.crossing}/0` },
      provider: { pieces_url: `https://${addresses.abroad}:${ports.pieces}` },
      home: redis('sealer'),
      miner: { grpc: `${inner}:${ports.minerGrpc}` },
      grpc: { listen: `${inner}:${ports.sealerGrpc}` },
      hub: { listen: `${inner}:${ports.sealerHub}` },
      limits: { deal_concurrent: 4, wait_deals: '3s' },
    })
    mkdirSync(this.place('home/storage-1'), { recursive: true })
    this.#app('home', 'worker', ['worker'], {
      ...this.#common('home', 'worker'),
      worker: { name: 'worker-1', storage: [this.place('home/storage-1')], prover: 'trapdoor' },
      home: redis('worker'),
      sealer: { grpc: `${inner}:${ports.sealerGrpc}`, hub: `https://${inner}:${ports.sealerHub}` },
      miner: { grpc: `${inner}:${ports.minerGrpc}`, hub: `https://${inner}:${ports.minerHub}` },
    })
  }

  #common(site, app) {
    return {
      paths: { state_dir: this.place(site, app), runtime_dir: this.place(site, 'run') },
      tls: { dir: this.place(site, 'tls') },
    }
  }

  #app(site, name, args, config) {
    mkdirSync(this.place(site, 'run'), { recursive: true, mode: 0o700 })
    const file = this.place(site, `${name}.toml`)
    writeFileSync(file, toml(config), { mode: 0o600 })
    const app = name === 'worker' ? 'sealer' : name
    this.#start(site, name, [process.execPath, main(app), ...args, '--config', file])
  }

  #start(site, name, command) {
    const log = openSync(this.place(`${name}.log`), 'a', 0o600)
    const child = this.line.spawn(site, command, { stdio: ['ignore', log, log] })
    closeSync(log)
    child.once('exit', (code, signal) => {
      const one = this.#running.find((running) => running.child === child)
      if (one) one.ended = signal ?? `exit code ${code}`
    })
    this.#running.push({ name, child, ended: undefined })
  }

  log(name) {
    return readFileSync(this.place(`${name}.log`), 'utf8')
  }

  /** Processes that ended by themselves, with their last line. */
  fallen() {
    return this.#running
      .filter(({ ended }) => ended !== undefined)
      .map(
        ({ name, ended }) =>
          `${name} ended (${ended}): ${this.log(name).trim().split('\n').at(-1)?.slice(0, 400)}`,
      )
  }

  async stop() {
    const left = this.#running.filter(({ ended }) => ended === undefined)
    this.#running = []
    for (const { child } of left) child.kill('SIGTERM')
    const gone = Promise.all(left.map(({ child }) => new Promise((resolve) => child.once('exit', resolve))))
    let timer
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, 12_000)
    })
    await Promise.race([gone, late])
    clearTimeout(timer)
  }
}

function toml(config) {
  return Object.entries(config)
    .map(([section, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
      return `[${section}]\n${lines.join('\n')}\n`
    })
    .join('\n')
}
