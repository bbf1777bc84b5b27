import type { Transitions } from './transitions.js'

/** A Mermaid state diagram of a table, so that no picture is ever drawn by hand. */
export function diagram<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  initial: readonly State[],
  final: readonly State[],
): string {
  const lines = ['stateDiagram-v2', ...initial.map((state) => `  [*] --> ${state}`)]
  for (const [from, row] of Object.entries(table) as [State, Partial<Record<Event, State>>][]) {
    for (const [event, to] of Object.entries(row)) lines.push(`  ${from} --> ${to}: ${event}`)
  }
  return [...lines, ...final.map((state) => `  ${state} --> [*]`), ''].join('\n')
}
