import { runCli } from '../frame/run-cli.js'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** 2026-11-22 15:22:02 UTC, when the recorded tables were printed. Unix ms. */
export const recordedNowMs = Date.UTC(2026, 10, 22, 15, 22, 2)

/** Runs one command line in this process, as `main` does. Nothing of the developer's own state is seen. */
export async function runCommand(
  line: string | readonly string[],
  env: Record<string, string | undefined> = {},
  o: {
    nowMs?: number
    input?: string
    signal?: AbortSignal
    tty?: boolean
    seen?: (out: string) => void
  } = {},
): Promise<Ran> {
  const argv = typeof line === 'string' ? words(line) : line
  let [out, err] = ['', '']
  const code = await runCli(argv, {
    env: { SEALANE_HOME: '/nonexistent/sealane-home', ...env },
    out: (text) => {
      out += text
      o.seen?.(out)
    },
    err: (text) => {
      err += text
    },
    now: () => o.nowMs ?? Date.now(),
    colour: false,
    tty: o.tty ?? false,
    rows: () => 24,
    signal: o.signal ?? new AbortController().signal,
    input: async () => o.input ?? '',
  })
  return { code, out, err }
}

/** A line as a shell takes it apart: blanks, double quotes. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}
