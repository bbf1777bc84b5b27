import pc from 'picocolors'
import { spelling } from '../show/network-address.js'

/** One thing worth telling, as an event line of `--json` and as a line for people. */
export interface Told {
  event: string
  [fact: string]: unknown
}

/** Says what happens: JSON lines and nothing else on stdout, or lines for people with one status line at the bottom. */
export class Teller {
  readonly #began = Date.now()
  #status = ''
  #ended = false
  /** The last thing that was waited for: what a run that gave up says. */
  waitsFor = ''
  /** How the run's network prints addresses; the devnet is a test network. */
  #spelled = spelling('t')

  constructor(
    private readonly json: boolean,
    private readonly out: NodeJS.WriteStream = process.stdout,
  ) {}

  /** Says how the network prints addresses, when it is another than the devnet. */
  speaks(prefix: 'f' | 't'): void {
    this.#spelled = spelling(prefix)
  }

  /** `line`: for people; without one the event is for `--json` only. */
  tell(told: Told, line?: string): void {
    if (this.json) this.out.write(`${this.#spelled(JSON.stringify({ ...told, atSeconds: this.seconds }))}\n`)
    else if (line !== undefined) this.#line(line)
  }

  /** What is being waited for; on a terminal it stays at the bottom and is rewritten. */
  status(said: string): void {
    const text = this.#spelled(said)
    if (text !== '') this.waitsFor = text
    if (this.json || !this.out.isTTY || text === this.#status || this.#ended) return
    this.#status = text
    const width = Math.max(20, (this.out.columns ?? 80) - 1)
    this.out.write(`\r\x1b[2K${pc.dim(text.slice(0, width))}`)
  }

  /** The run's last status: what was still being asked does not write over it. */
  ending(text: string): void {
    this.status(text)
    this.#ended = true
  }

  /** All is gone: the last status too. */
  end(): void {
    if (this.#ended && this.#status !== '') this.out.write('\r\x1b[2K')
  }

  /** A plain line for people, at the end of a run. */
  say(text: string): void {
    if (!this.json) this.#line(text, false)
  }

  get seconds(): number {
    return Math.round((Date.now() - this.#began) / 100) / 10
  }

  #line(line: string, stamped = true): void {
    if (this.out.isTTY && this.#status !== '') this.out.write('\r\x1b[2K')
    const total = Math.floor(this.seconds)
    const stamp = `${String(Math.floor(total / 60)).padStart(2, '0')}:${String(total % 60).padStart(2, '0')}`
    const spelled = this.#spelled(line)
    this.out.write(stamped ? `${pc.dim(stamp)}  ${spelled}\n` : `${spelled}\n`)
    const status = this.#status
    this.#status = ''
    if (status !== '') this.status(status)
  }
}

/** `[########....] 62 %`. */
export function bar(fraction: number): string {
  const width = 24
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}] ${Math.round(fraction * 100)} %`
}

/** A status as part of a sentence. */
export function withoutBar(status: string): string {
  return status.replace(/ *\[[#.]+\] \d+ %$/, '')
}
