/** Where a command reads from and writes to: the process' own, or a test's. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Standard output: the answer, and nothing else. */
  out(text: string): void
  /** Standard error: progress, warnings, the reason of a failure. */
  err(text: string): void
  /** Unix ms. */
  now(): number
  /** Standard output takes colours. */
  readonly colour: boolean
  /** Standard output is a person's screen: it can be drawn anew. */
  readonly tty: boolean
  /** Lines of that screen. */
  rows(): number
  /** Aborts when the person presses Ctrl-C. */
  readonly signal: AbortSignal
  /** All of standard input. */
  input(): Promise<string>
}

/** The process' own terminal. */
export function processTerminal(): Terminal {
  const interrupted = new AbortController()
  return {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    now: () => Date.now(),
    colour: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    tty: process.stdout.isTTY === true,
    rows: () => process.stdout.rows ?? 24,
    get signal() {
      // Only who asks for it takes Ctrl-C away from Node's own handling.
      if (process.listenerCount('SIGINT') === 0) process.once('SIGINT', () => interrupted.abort())
      return interrupted.signal
    },
    input: async () => {
      const chunks: Buffer[] = []
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
      return Buffer.concat(chunks).toString('utf8')
    },
  }
}
