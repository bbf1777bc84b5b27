/**
 * Reads a state until `done` says so and returns it. When `deadlineMs` (default 10 s) passes first,
 * throws an Error that prints the last state, or the last error of reading it.
 */
export async function until<State>(
  what: string,
  read: () => State | Promise<State>,
  done: (state: State) => boolean,
  o: { deadlineMs?: number; everyMs?: number } = {},
): Promise<State> {
  const deadlineMs = o.deadlineMs ?? 10_000
  let last = 'nothing read yet'
  for (const started = performance.now(); ; ) {
    try {
      const state = await read()
      if (done(state)) return state
      last = shown(state)
    } catch (error) {
      last = `reading failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
    }
    if (performance.now() - started > deadlineMs) {
      throw new Error(`waited ${deadlineMs} ms for: ${what}\nlast state: ${last}`)
    }
    await new Promise((resolve) => setTimeout(resolve, o.everyMs ?? 20))
  }
}

function shown(state: unknown): string {
  const text = JSON.stringify(
    state,
    (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value),
    2,
  )
  return text ?? String(state)
}
