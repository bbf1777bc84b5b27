import { ActorAbort } from './actor-abort.js'

/** Runs `act`; an abort inside gets `context` in front of its text, and keeps its exit code. */
export function withContext<T>(context: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof ActorAbort) throw new ActorAbort(error.exitCode, `${context}: ${error.message}`)
    throw error
  }
}
