import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileDurable } from '@sealane/host'
import { z } from 'zod'
import type { Places } from './state-dir.js'

/** A TOML file as sections of plain values. */
export type Config = Record<string, Record<string, string | number | boolean | string[] | undefined>>

/** Everything the services must know of each other. Ports are ours, chosen once for a state and kept. */
export interface Wiring {
  chainReadOnly: string
  chainAdmin: string
  crossingRedis: string
  homeRedis: string
  ports: Ports
  prover: 'real' | 'trapdoor'
  dealConcurrent: number
  /** Proof parameters of a chain that is not the embedded one. */
  paramsDir: string | undefined
  /** True on a chain that is not the embedded one. */
  outside: boolean
  /** Addresses beside the miner app's own keys that the owner pays. */
  fundAddresses: string[]
}

const port = z.int().min(1).max(65_535)
export const portsFile = z.object({
  devnet: port,
  minerGrpc: port,
  minerHub: port,
  sealerGrpc: port,
  sealerHub: port,
  providerPieces: port,
  providerLibp2p: port,
})
export type Ports = z.output<typeof portsFile>

/** Writes `<config>/<name>.toml` and returns its path. */
export async function writeConfig(places: Places, name: string, config: Config): Promise<string> {
  mkdirSync(places.config, { recursive: true, mode: 0o700 })
  const path = join(places.config, `${name}.toml`)
  // Redis passwords and node tokens are in it.
  await writeFileDurable(path, toToml(config), { mode: 0o600 })
  return path
}

function toToml(config: Config): string {
  return Object.entries(config)
    .map(([section, values]) => {
      const lines = Object.entries(values)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
      return `[${section}]\n${lines.join('\n')}\n`
    })
    .join('\n')
}

function common(places: Places, app: string, log = app): Config {
  return {
    paths: { state_dir: join(places.state, app), runtime_dir: places.runtime },
    log: { level: 'info', file: join(places.log, `${log}.log`) },
    // One machine, one user: the Redis of REDIS_URL, or PostgreSQL from npm, may be plain.
    tls: { dir: places.tls, required: false },
  }
}

export function devnetConfig(places: Places, ports: Ports): Config {
  const { paths, log } = common(places, 'devnet')
  return { paths, log, rpc: { listen: `127.0.0.1:${ports.devnet}` } } as Config
}

/**
 * The embedded devnet hurries from deadline to deadline: nothing can be read ahead in those milliseconds. But it holds before a Close for
 * ten minutes (its hold_limit), so a worker that is away may take longer than half a window of 1 s epochs.
 */
const devnetProving = { fault_check_lead: '0s', vanilla_budget: '2m' }

export function minerConfig(places: Places, w: Wiring): Config {
  return {
    ...common(places, 'miner'),
    chain: { nodes: w.chainAdmin },
    home: { redis_url: w.homeRedis },
    grpc: { listen: `127.0.0.1:${w.ports.minerGrpc}` },
    hub: { listen: `127.0.0.1:${w.ports.minerHub}` },
    // A demonstration does not wait an hour for a batch to fill.
    publish: { period: '3s' },
    proofs: { params_dir: w.paramsDir },
    proving: w.outside ? {} : devnetProving,
    policy: { fund_addresses: w.fundAddresses },
  }
}

export function sealerConfig(places: Places, w: Wiring): Config {
  return {
    ...common(places, 'sealer'),
    crossing: { redis_url: w.crossingRedis },
    home: { redis_url: w.homeRedis },
    miner: { grpc: `127.0.0.1:${w.ports.minerGrpc}` },
    provider: { pieces_url: `https://127.0.0.1:${w.ports.providerPieces}` },
    grpc: { listen: `127.0.0.1:${w.ports.sealerGrpc}` },
    hub: { listen: `127.0.0.1:${w.ports.sealerHub}` },
    proofs: { params_dir: w.paramsDir },
    limits: { enable_deal_sector: true, deal_concurrent: w.dealConcurrent, wait_deals: '2s' },
  }
}

export function workerConfig(places: Places, w: Wiring, index: number): Config {
  const name = `worker-${index}`
  return {
    ...common(places, name),
    worker: { name, storage: [join(places.state, `storage-${index}`)], prover: w.prover },
    home: { redis_url: w.homeRedis },
    proofs: { params_dir: w.paramsDir },
    sealer: { grpc: `127.0.0.1:${w.ports.sealerGrpc}`, hub: `https://127.0.0.1:${w.ports.sealerHub}` },
    miner: { grpc: `127.0.0.1:${w.ports.minerGrpc}`, hub: `https://127.0.0.1:${w.ports.minerHub}` },
  }
}

export function providerConfig(places: Places, w: Wiring): Config {
  return {
    ...common(places, 'provider'),
    chain: { nodes: w.chainReadOnly },
    crossing: { redis_url: w.crossingRedis },
    pieces: { listen: `127.0.0.1:${w.ports.providerPieces}` },
    libp2p: { listen: [`/ip4/127.0.0.1/tcp/${w.ports.providerLibp2p}`] },
    // The demonstration's client serves its file from this machine.
    transfer: { allow_private_addresses: true },
  }
}
