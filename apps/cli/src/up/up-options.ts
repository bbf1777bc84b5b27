import { parseDuration, parseSize } from '@sealane/fil-units'
import { CliError } from '../cli-error.js'

/** What `npm start` was asked for. */
export interface UpOptions {
  file: string | undefined
  car: boolean
  sectorSize: number | undefined
  deals: number | undefined
  workers: number
  dealConcurrent: number
  prover: 'real' | 'trapdoor'
  /** Another chain than the embedded devnet, and the funded key that pays for it. */
  chain: ChainOptions | undefined
  once: boolean
  timeoutSeconds: number | undefined
  fresh: boolean
  json: boolean
}

export interface ChainOptions {
  /** FULLNODE_API_INFO. */
  nodes: string
  keyFile: string
  paramsDir: string | undefined
}

export interface RawUpOptions {
  file?: string
  car?: boolean
  sectorSize?: string
  deals?: string
  workers: string
  dealConcurrent: string
  prover: string
  chain?: string
  key?: string
  params?: string
  once?: boolean
  timeout?: string
  fresh?: boolean
  json?: boolean
}

export function parseUpOptions(raw: RawUpOptions): UpOptions {
  if (raw.prover !== 'real' && raw.prover !== 'trapdoor')
    throw usage(`--prover is real or trapdoor, not "${raw.prover}"`)
  return {
    file: raw.file,
    car: raw.car ?? false,
    sectorSize: raw.sectorSize === undefined ? undefined : sectorSize(raw.sectorSize),
    deals: raw.deals === undefined ? undefined : count('--deals', raw.deals, 64),
    workers: count('--workers', raw.workers, 16),
    dealConcurrent: count('--deal-concurrent', raw.dealConcurrent, 1_000),
    prover: raw.prover,
    chain: chainOptions(raw),
    once: raw.once ?? false,
    timeoutSeconds: raw.timeout === undefined ? undefined : seconds(raw.timeout),
    fresh: raw.fresh ?? false,
    json: raw.json ?? false,
  }
}

function chainOptions({ chain, key, params }: RawUpOptions): ChainOptions | undefined {
  if (chain === undefined) {
    if (key !== undefined) throw usage('--key is the funded key of another chain: say --chain too')
    if (params !== undefined) throw usage('--params are those of another chain: say --chain too')
    return undefined
  }
  if (key === undefined)
    throw usage(
      '--chain needs --key FILE, a funded key as "lotus wallet export" prints it: it owns the miner and pays',
    )
  return { nodes: chain, keyFile: key, paramsDir: params }
}

function sectorSize(text: string): number {
  const size = Number(parseSize(text))
  if (sealSizes.includes(size)) return size
  throw usage(`--sector-size is 2KiB or 8MiB, on other chains 32GiB or 64GiB too, not "${text}"`)
}

/** Bytes of the sectors that any network we know takes. */
const sealSizes = [2 ** 11, 2 ** 23, 2 ** 35, 2 ** 36]

function count(flag: string, text: string, most: number): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw usage(`${flag} is a number from 1 to ${most}, not "${text}"`)
  return value
}

function seconds(text: string): number {
  const plain = Number(text)
  if (Number.isFinite(plain) && plain > 0) return plain
  try {
    return parseDuration(text) / 1000
  } catch {
    throw usage(`--timeout is a number of seconds or a duration such as 15m, not "${text}"`)
  }
}

function usage(reason: string): CliError {
  return new CliError({ code: 'USAGE', reason }, reason)
}
