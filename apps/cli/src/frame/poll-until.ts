import { setTimeout as pause } from 'node:timers/promises'
import type { Session } from './session.js'

/** How often a thing that somebody else brings about is looked for. Unit: ms. */
const pollMs = 300

/** Asks until there is an answer. Ends with the person's Ctrl-C; an error of `ask` is the caller's. */
export async function pollUntil<Found>(
  session: Session,
  ask: () => Promise<Found | undefined>,
): Promise<Found> {
  for (;;) {
    const found = await ask()
    if (found !== undefined) return found
    await pause(pollMs, undefined, { signal: session.terminal.signal })
  }
}
