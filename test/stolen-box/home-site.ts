import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { createAuthority, freePort, issueCertificate, operatorClient } from '@sealane/host'
import { minerOperator, sealerOperator } from '@sealane/proto'
import { until } from '@sealane/testkit'
import { type DevnetProcess, startDevnet } from '../../apps/miner/src/testing/devnet-process.js'

const programs = {
  miner: fileURLToPath(new URL('../../apps/miner/dist/main.js', import.meta.url)),
  sealer: fileURLToPath(new URL('../../apps/sealer/dist/main.js', import.meta.url)),
}
const peerId = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'
const FIL = 10n ** 18n
/** What `intake.daily_offers` of this home allows. */
export const DAILY_OFFERS = 120
/** Long enough for a busy machine. Unit: ms. */
const PATIENCE = { deadlineMs: 120_000 }

/** Everything at home as the product runs it: a chain, the miner and the coordinator, each a process with its own settings file. */
export class HomeSite {
  readonly miner
  readonly sealer
  address = ''
  readonly #children: ChildProcess[] = []

  private constructor(
    readonly dir: string,
    readonly devnet: DevnetProcess,
    readonly ports: { minerGrpc: number; minerHub: number; sealerGrpc: number; sealerHub: number },
    private readonly o: { crossingUrl: string; homeUrl: string },
  ) {
    this.miner = operatorClient(minerOperator, { socketPath: join(dir, 'run', 'miner.sock') })
    this.sealer = operatorClient(sealerOperator, { socketPath: join(dir, 'run', 'sealer.sock') })
  }

  static async open(dir: string, o: { crossingUrl: string; homeUrl: string }): Promise<HomeSite> {
    await createAuthority(join(dir, 'tls'))
    for (const role of ['provider', 'sealer', 'miner', 'worker'])
      await issueCertificate(join(dir, 'tls'), { role })
    const ports = {
      minerGrpc: await freePort(),
      minerHub: await freePort(),
      sealerGrpc: await freePort(),
      sealerHub: await freePort(),
    }
    const site = new HomeSite(dir, await startDevnet(join(dir, 'devnet')), ports, o)
    await site.#startMiner()
    return site
  }

  async #startMiner(): Promise<void> {
    this.#spawn('miner', {
      ...this.#common('miner'),
      chain: { nodes: this.devnet.nodes },
      home: { redis_url: this.o.homeUrl },
      grpc: { listen: `127.0.0.1:${this.ports.minerGrpc}` },
      hub: { listen: `127.0.0.1:${this.ports.minerHub}` },
      publish: { period: '1s' },
    })
    const { miner } = this
    await until(
      'the miner answers',
      () => miner.health({}).catch(String),
      (said) => typeof said === 'object' && said.ok,
      PATIENCE,
    )
    for (const [name, type] of [
      ['owner', 'secp256k1'],
      ['worker', 'bls'],
      ['control-post', 'bls'],
    ] as const)
      await this.devnet.fundTo((await miner['wallet.new']({ name, type })).address, 50n * FIL)
    const wish = { sectorSize: '2048', peerId, multiaddrs: [] }
    const { miner: address } = await until(
      'the miner actor',
      () => miner.init(wish),
      ({ state }) => state === 'done',
      PATIENCE,
    )
    this.address = String(address)
  }

  /** The coordinator, which pulls from this piece server. */
  async startSealer(piecesUrl: string): Promise<number> {
    const child = this.#spawn('sealer', {
      ...this.#common('sealer'),
      crossing: { redis_url: this.o.crossingUrl },
      home: { redis_url: this.o.homeUrl },
      miner: { grpc: `127.0.0.1:${this.ports.minerGrpc}` },
      provider: { pieces_url: piecesUrl },
      grpc: { listen: `127.0.0.1:${this.ports.sealerGrpc}` },
      hub: { listen: `127.0.0.1:${this.ports.sealerHub}` },
      intake: { daily_offers: DAILY_OFFERS },
      limits: { wait_deals: '6h' },
    })
    await until(
      'the sealer hears the crossing',
      () => this.sealer.health({}).catch(() => ({ rooms: [] })),
      ({ rooms }) => rooms.some(({ room, ok }) => room === 'crossing' && ok),
      PATIENCE,
    )
    return child.pid ?? 0
  }

  /** Rows of an app's database, read beside its owner. */
  rows(app: 'miner' | 'sealer', query: string): Record<string, SQLOutputValue>[] {
    const db = new DatabaseSync(join(this.dir, app, `${app}.db`), { readOnly: true })
    try {
      return db.prepare(query).all()
    } finally {
      db.close()
    }
  }

  log(app: 'miner' | 'sealer'): string {
    return readFileSync(join(this.dir, `${app}.log`), 'utf8')
  }

  async close(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const over = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await over
    }
    await this.devnet.stop()
  }

  #common(app: string) {
    return {
      paths: { state_dir: join(this.dir, app), runtime_dir: join(this.dir, 'run') },
      tls: { dir: join(this.dir, 'tls') },
    }
  }

  #spawn(app: 'miner' | 'sealer', config: Record<string, Record<string, unknown>>): ChildProcess {
    mkdirSync(join(this.dir, 'run'), { recursive: true, mode: 0o700 })
    const file = join(this.dir, `${app}.toml`)
    const sections = Object.entries(config).map(([section, keys]) =>
      [
        `[${section}]`,
        ...Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
        '',
      ].join('\n'),
    )
    writeFileSync(file, sections.join('\n'))
    const output = openSync(join(this.dir, `${app}.log`), 'a')
    const child = spawn(process.execPath, [programs[app], 'run', '--config', file], {
      stdio: ['ignore', output, output],
    })
    this.#children.push(child)
    return child
  }
}
