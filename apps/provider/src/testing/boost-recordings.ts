import { readFileSync } from 'node:fs'

/** One exchange of a client with a real Boost, as recorded. Bytes in hex. */
export interface Exchange {
  readonly name: string
  readonly description: string
  readonly protocol: string
  readonly headEpoch?: number
  readonly requestHex: string
  /** Bytes really written, when `requestHex` holds only the first of them. */
  readonly requestLength?: number
  readonly halfClosed?: true
  readonly responseHex: string
  readonly streamEnd: string
  readonly endedMs: number | null
  /** Sizes in which the request of a Go client arrived. Unit: bytes. */
  readonly reads?: readonly number[]
}

/** What Boost asked of a data server, and got. */
export interface HttpRecording {
  readonly name: string
  readonly carBytes: number
  readonly mode: string
  readonly requests: readonly {
    readonly requestText: string
    readonly status: number
    readonly responseHeaders: Readonly<Record<string, string>>
    readonly responseBodyBytes: number
  }[]
}

export interface CliRecording {
  readonly name: string
  readonly command: string
  readonly exitCode?: number
  readonly stdout?: string
  readonly stderr?: string
  readonly output?: string
}

export interface OtherRecording {
  readonly name: string
  readonly stdin?: Readonly<Record<string, unknown>>
  readonly protocols?: readonly string[]
}

/** How a recording's answer and ours compare: the first rule whose pattern the name matches. */
export interface Rule {
  /** Regular expression over the whole name. */
  readonly files: string
  readonly outcome: 'same' | 'ours' | 'not compared'
  /** Why ours differs, or why there is nothing to compare. */
  readonly why: string
}

const folder = new URL('../../test/vectors/boost/', import.meta.url)
const read = <T>(file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T

export const exchanges = read<Exchange[]>('exchanges.json')
export const httpRecordings = read<HttpRecording[]>('http.json')
export const cliRecordings = read<CliRecording[]>('cli.json')
export const otherRecordings = read<OtherRecording[]>('others.json')
export const rules = read<Rule[]>('rules.json')

export function exchangeNamed(name: string): Exchange {
  const found = exchanges.find((exchange) => exchange.name === name)
  if (found === undefined) throw new TypeError(`no recording ${name}`)
  return found
}

/** The rule that holds for a recording. */
export function ruleFor(name: string): Rule {
  const found = rules.find((rule) => new RegExp(`^(?:${rule.files})$`).test(name))
  if (found === undefined) throw new TypeError(`no rule for recording ${name}: compare it, or say why not`)
  return found
}

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))
