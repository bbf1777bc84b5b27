import { destination, type Logger as Pino, pino, type StreamEntry, stdTimeFunctions } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { Secret } from '../config/secret.js'
import { codeOf, remedyOf } from '../errors/coded-error.js'

export type Facts = Readonly<Record<string, unknown>>
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Facts with fields: `log.info('backup taken', { path, sizeBytes })`. Injected as a class, hence abstract. */
export abstract class Log {
  abstract debug(message: string, facts?: Facts): void
  abstract info(message: string, facts?: Facts): void
  abstract warn(message: string, facts?: Facts): void
  abstract error(message: string, facts?: Facts): void
  /** A log that adds these facts to each line; `{ room: 'x' }` names the part of the app. */
  abstract child(facts: Facts): Log
  /** Changes the level now; `room` limits the change to children made with that room. */
  abstract setLevel(level: LogLevel, room?: string): void
  abstract flush(): void
}

export interface LogOptions {
  readonly name: string
  readonly level?: LogLevel
  /** JSON lines are appended here in place of stderr. */
  readonly file?: string
  /** Default: when stderr is a terminal and no file is given. */
  readonly pretty?: boolean
}

/** JSON lines on stderr (or in a file), pretty on a terminal. Secrets print as `[redacted]`, bigint as decimal, bytes as their length. */
export function createLog(o: LogOptions): Log {
  const pretty = o.pretty ?? (o.file === undefined && process.stderr.isTTY === true)
  const sink = destination({
    ...(o.file === undefined ? { fd: 2 } : { dest: o.file, mkdir: true }),
    // Whoever reads our stderr may stand still, a paused terminal for instance: proofs and deals go on without them.
    sync: o.file !== undefined,
    maxLength: MOST_UNREAD,
  })
  const print = prettyFactory({
    colorize: process.stderr.isTTY === true,
    ignore: 'pid,hostname,name',
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
  })
  const stream: StreamEntry['stream'] = pretty
    ? { write: (line: string) => void sink.write(print(line)) }
    : sink
  const levels = new Map<string, LogLevel>([['', o.level ?? 'info']])
  // pino itself lets everything through: PinoLog decides, so that levels can change while children exist.
  const root = pino({ name: o.name, level: 'trace', timestamp: stdTimeFunctions.isoTime }, stream)
  return new PinoLog(root, levels, '', () => sink.flushSync())
}

/** Lines nobody has taken yet are kept up to this; newer ones are dropped. Unit: bytes. */
const MOST_UNREAD = 8 * 1024 * 1024

const ORDER: Record<LogLevel, number> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, silent: 99 }

class PinoLog extends Log {
  constructor(
    private readonly pino: Pino,
    private readonly levels: Map<string, LogLevel>,
    private readonly room: string,
    private readonly flushSink: () => void,
  ) {
    super()
  }
  debug(message: string, facts?: Facts): void {
    this.#write('debug', message, facts)
  }
  info(message: string, facts?: Facts): void {
    this.#write('info', message, facts)
  }
  warn(message: string, facts?: Facts): void {
    this.#write('warn', message, facts)
  }
  error(message: string, facts?: Facts): void {
    this.#write('error', message, facts)
  }
  child(facts: Facts): Log {
    const room = typeof facts.room === 'string' ? facts.room : this.room
    return new PinoLog(this.pino.child(printable(facts)), this.levels, room, this.flushSink)
  }
  setLevel(level: LogLevel, room = ''): void {
    this.levels.set(room, level)
  }
  flush(): void {
    this.flushSink()
  }
  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, facts: Facts | undefined): void {
    const wanted = this.levels.get(this.room) ?? this.levels.get('') ?? 'info'
    if (ORDER[level] < ORDER[wanted]) return
    this.pino[level](facts === undefined ? {} : printable(facts), clean(message))
  }
}

/** A log that keeps quiet, for tests and one-shot commands. */
export function silentLog(): Log {
  return new PinoLog(pino({ level: 'silent' }), new Map([['', 'silent']]), '', () => {})
}

const MAX_DEPTH = 4
const MAX_TEXT = 4_096

function printable(facts: Facts): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [name, printed(value, 0)]))
}

function printed(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'string') return clean(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Secret) return value.toJSON()
  if (value instanceof Uint8Array) return `<${value.length} bytes>`
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Error) {
    const facts = 'facts' in value ? { facts: printed(value.facts, depth + 1) } : {}
    const cause =
      value.cause === undefined ? {} : { cause: depth < MAX_DEPTH ? printed(value.cause, depth + 1) : '…' }
    return {
      code: codeOf(value),
      remedy: remedyOf(value),
      message: clean(value.message),
      ...facts,
      stack: value.stack,
      ...cause,
    }
  }
  if (depth >= MAX_DEPTH) return '…'
  if (Array.isArray(value)) return value.map((item) => printed(item, depth + 1))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, printed(item, depth + 1)]))
}

/** Control characters of strangers' text would drive the operator's terminal; long text would fill the disk. */
function clean(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text
  return short.replace(/(?![\t\n])\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
