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
  once: boolean
  timeoutSeconds: number | undefined
  fresh: boolean
  json: boolean
}

export interface RawUpOptions {
  file?: string
  car?: boolean
  sectorSize?: string
  deals?: string
  workers: string
  dealConcurrent: string
  prover: string
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
    once: raw.once ?? false,
    timeoutSeconds: raw.timeout === undefined ? undefined : seconds(raw.timeout),
    fresh: raw.fresh ?? false,
    json: raw.json ?? false,
  }
}

function sectorSize(text: string): number {
  const size = Number(parseSize(text))
  if (size !== 2048 && size !== 8 * 2 ** 20) throw usage(`--sector-size is 2KiB or 8MiB, not "${text}"`)
  return size
}

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
