import { codeOf, remedyOf } from '../errors/coded-error.js'

/** The exit code of a fault of this machine or its settings (sysexits' EX_CONFIG); a supervisor need not restart on it. */
export const HALT_EXIT_CODE = 78
/** The exit code of a bug or an unexpected fault; restart. */
export const FAULT_EXIT_CODE = 70

type HaltListener = (error: unknown) => void
let listener: HaltListener | undefined

/**
 * Ends the process because this machine lies: one plain line on stderr, exit code 78.
 * Inside runApp the app is stopped first (≤ 10 s). Never throws, returns at once.
 */
export function halt(error: unknown): void {
  if (listener) {
    listener(error)
  } else {
    process.stderr.write(`${plainLine(error)}\n`)
    process.exit(exitCodeOf(error))
  }
}

/** Lets the running app stop itself before a halt. */
export function onHalt(fn: HaltListener | undefined): void {
  listener = fn
}

/** The one line that names the thing and the fix. */
export function plainLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return `${codeOf(error)}: ${text.replace(/\s*\n\s*/g, ' | ')}`
}

export function exitCodeOf(error: unknown): number {
  return remedyOf(error) === 'halt' ? HALT_EXIT_CODE : FAULT_EXIT_CODE
}
