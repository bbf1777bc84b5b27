/** One thing looked at. */
export interface Check {
  readonly name: string
  /** `warn`: works, but somebody should know. `fail`: does not work. `skip`: not used on this machine. */
  readonly status: 'ok' | 'warn' | 'fail' | 'skip'
  readonly text: string
  /** What to do about it. */
  readonly next?: string
}

export function ok(name: string, text: string): Check {
  return { name, status: 'ok', text }
}

export function skip(name: string, text: string): Check {
  return { name, status: 'skip', text }
}

export function warn(name: string, text: string, next: string): Check {
  return { name, status: 'warn', text, next }
}

export function fail(name: string, text: string, next: string): Check {
  return { name, status: 'fail', text, next }
}

/** An error's one line. */
export function reason(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? ''
}
