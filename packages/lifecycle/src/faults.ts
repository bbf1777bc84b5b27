import type { Transitions } from './transitions.js'

export interface TableFaults {
  /** States that no sequence of events reaches from the initial states. */
  unreachable: string[]
  /** States, other than the final ones, from which no final state can be reached. */
  trapped: string[]
}

/** Walks a table as a graph: every state must be reachable, and none but the final ones a trap. */
export function faults<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  initial: readonly State[],
  final: readonly State[],
): TableFaults {
  const states = Object.keys(table) as State[]
  const reached = closure(initial, (state) => targets(table, state))
  const leadsOut = closure(final, (state) => states.filter((from) => targets(table, from).includes(state)))
  return {
    unreachable: states.filter((state) => !reached.has(state)),
    trapped: states.filter((state) => !leadsOut.has(state)),
  }
}

function targets<State extends string, Event extends string>(table: Transitions<State, Event>, state: State) {
  return Object.values(table[state] ?? {}) as State[]
}

function closure<State>(start: readonly State[], neighbours: (state: State) => State[]): Set<State> {
  const seen = new Set(start)
  const queue = [...start]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const to of neighbours(state)) {
      if (seen.has(to)) continue
      seen.add(to)
      queue.push(to)
    }
  }
  return seen
}
