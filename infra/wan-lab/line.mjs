// Three network namespaces and the lines between them: abroad and home with an ocean in the middle, and a chain node near both.
//
//   abroad 198.18.0.1 ──── relay: delay, loss, rate ──── 198.18.0.2 home, whose machines are at 10.77.0.1
//          192.0.2.2 ──── 192.0.2.1  chain  192.0.2.5 ──── 192.0.2.6
//
// Nothing routes between the lines: from abroad only home's outer address can be tried, as behind NAT.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const addresses = {
  abroad: '198.18.0.1',
  homeOuter: '198.18.0.2',
  homeInner: '10.77.0.1',
  chainForAbroad: '192.0.2.1',
  chainForHome: '192.0.2.5',
}

const prefix = 'sealane-lab'
const sites = ['abroad', 'home', 'chain']

/** Why this machine cannot do it, or undefined. */
export function whyNot() {
  if (process.getuid?.() !== 0)
    return 'the lab makes network namespaces and TUN devices, which needs root: run it as root (sudo npm run wan-lab)'
  if (!existsSync('/dev/net/tun'))
    return 'no /dev/net/tun: load the module (modprobe tun), or allow the device in this container'
  for (const [program, args, where] of [
    ['ip', ['-V'], 'iproute2'],
    ['gcc', ['--version'], 'gcc'],
    ['redis-server', ['--version'], 'Redis 7 or newer, built with TLS'],
  ]) {
    if (spawnSync(program, args).status !== 0) return `${program} is not there: install ${where}`
  }
  return undefined
}

export class Line {
  #relay
  #lines = []
  #waiting = []

  constructor(o) {
    this.o = o
    this.names = Object.fromEntries(sites.map((site) => [site, `${prefix}-${process.pid}-${site}`]))
  }

  /** Lays the lines. Leftovers of labs that were killed go first. */
  async open(workDir) {
    sweep()
    const { abroad, home, chain } = this.names
    for (const name of Object.values(this.names)) {
      ip('netns', 'add', name)
      ip('-n', name, 'link', 'set', 'lo', 'up')
    }
    veth(abroad, '192.0.2.2/30', chain, '192.0.2.1/30')
    veth(home, '192.0.2.6/30', chain, '192.0.2.5/30')
    ip('-n', home, 'addr', 'add', `${addresses.homeInner}/32`, 'dev', 'lo')
    await this.#startRelay(workDir)
    for (const [name, address] of [
      [abroad, addresses.abroad],
      [home, addresses.homeOuter],
    ]) {
      ip('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'wan0')
      ip('-n', name, 'link', 'set', 'wan0', 'up', 'txqueuelen', '10000')
      // The window must hold what is under way: 250 ms of 300 Mbit/s are 9 MB.
      sysctl(name, 'net.ipv4.tcp_rmem', '4096 131072 67108864')
      sysctl(name, 'net.ipv4.tcp_wmem', '4096 65536 67108864')
      // By route: the sysctl of a namespace may be refused.
      const route = ['198.18.0.0/30', 'dev', 'wan0', 'src', address, 'congctl', this.o.congestion]
      ip('-n', name, 'route', 'replace', ...route)
    }
  }

  async #startRelay(workDir) {
    const { rttMs, lossPercent, mbit, seed } = this.o
    const program = join(workDir, 'relay')
    execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'relay.c')])
    // As much as the line holds in a round trip, at least 256 kB. Unit: kB.
    const queueKb = Math.max(256, (mbit * rttMs) / 8)
    const args = [
      this.names.abroad,
      addresses.abroad,
      this.names.home,
      addresses.homeOuter,
      rttMs / 2,
      lossPercent,
      mbit,
      queueKb,
      seed,
    ]
    this.#relay = spawn(program, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
    createInterface({ input: this.#relay.stdout }).on('line', (line) => {
      const told = JSON.parse(line)
      const next = this.#waiting.shift()
      if (next) next(told)
      else this.#lines.push(told)
    })
    const told = await Promise.race([
      this.#next(),
      new Promise((_, reject) =>
        this.#relay.once('exit', (code) => reject(new Error(`relay ended: ${code}`))),
      ),
    ])
    if (!told.ready) throw new Error(`relay said ${JSON.stringify(told)}`)
  }

  #next() {
    const told = this.#lines.shift()
    return told ? Promise.resolve(told) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** What the line has carried so far: `outward` from home to abroad, `homeward` the other way. */
  async counters() {
    this.#relay.kill('SIGUSR1')
    const { aToB: homeward, bToA: outward } = await this.#next()
    return { homeward, outward }
  }

  /** TCP segments sent again by a site, from the kernel's own count. */
  retransmitted(site) {
    const [names, values] = this.run(site, ['cat', '/proc/net/snmp'])
      .stdout.split('\n')
      .filter((line) => line.startsWith('Tcp:'))
      .map((line) => line.split(' '))
    return Number(values[names.indexOf('RetransSegs')])
  }

  /** Runs a program at a site to its end. */
  run(site, command, env = process.env) {
    return spawnSync('ip', ['netns', 'exec', this.names[site], ...command], { encoding: 'utf8', env })
  }

  /** Starts a program at a site. */
  spawn(site, command, options) {
    return spawn('ip', ['netns', 'exec', this.names[site], ...command], options)
  }

  /** TCP ports that programs at a site listen on, with their addresses. */
  listening(site) {
    return this.run(site, ['ss', '-Hltn'])
      .stdout.trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/)[3])
      .filter((local) => local !== undefined)
      .map((local) => ({ address: local.replace(/:\d+$/, ''), port: Number(local.replace(/^.*:/, '')) }))
  }

  /** Ends the line and whatever still runs in the namespaces. Safe to call at any time, also twice. */
  close() {
    this.#relay?.kill('SIGTERM')
    for (const name of Object.values(this.names)) remove(name)
  }
}

/** Namespaces of labs whose process is gone. */
function sweep() {
  const out = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout
  for (const [name, pid] of out.matchAll(new RegExp(`^${prefix}-(\\d+)-\\w+`, 'gm'))) {
    if (!existsSync(`/proc/${pid}`)) remove(name)
  }
}

function remove(name) {
  if (!existsSync(`/var/run/netns/${name}`)) return
  for (const pid of spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).stdout.split('\n')) {
    // Only what is inside: the namespace's own inode says so.
    if (pid !== '' && inside(name, pid)) process.kill(Number(pid), 'SIGKILL')
  }
  spawnSync('ip', ['netns', 'del', name])
}

function inside(name, pid) {
  try {
    return statSync(`/proc/${pid}/ns/net`).ino === statSync(`/var/run/netns/${name}`).ino
  } catch {
    return false
  }
}

function veth(one, oneAddress, other, otherAddress) {
  // Names of 15 characters at most; each is unique within its namespace.
  const [a, b] = [`to-${other.split('-').at(-1)}`, `to-${one.split('-').at(-1)}`]
  ip('link', 'add', a, 'netns', one, 'type', 'veth', 'peer', 'name', b, 'netns', other)
  for (const [name, device, address] of [
    [one, a, oneAddress],
    [other, b, otherAddress],
  ]) {
    ip('-n', name, 'addr', 'add', address, 'dev', device)
    ip('-n', name, 'link', 'set', device, 'up')
  }
}

function sysctl(name, key, value) {
  const path = `/proc/sys/${key.replaceAll('.', '/')}`
  const ran = spawnSync('ip', ['netns', 'exec', name, 'sh', '-c', `echo "${value}" > ${path}`], {
    encoding: 'utf8',
  })
  if (ran.status === 0) return
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : 'not there'
  process.stderr.write(`wan-lab: ${key} stays ${known}: ${ran.stderr.trim()}\n`)
}

function ip(...args) {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
