/** A lifecycle: state × event → next state. A missing entry means the event cannot happen there. */
export type Transitions<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>

/** An event met a state whose row does not know it. Always a bug or a stale message: never logged and swallowed. */
export class WrongTransition extends Error {
  static override readonly name = 'WrongTransition'
  readonly code = 'WRONG_TRANSITION'

  constructor(
    readonly thing: string,
    readonly state: string,
    readonly event: string,
  ) {
    super(`${thing} cannot take "${event}" in state ${state}`)
    this.name = WrongTransition.name
  }
}

/** The state after `event`. Throws {@link WrongTransition} when the table has no such row. */
export function next<State extends string, Event extends string>(
  thing: string,
  table: Transitions<State, Event>,
  state: State,
  event: Event,
): State {
  const to = table[state]?.[event]
  if (to === undefined) throw new WrongTransition(thing, state, event)
  return to
}

/** True when `event` may happen in `state`. */
export function knows<State extends string, Event extends string>(
  table: Transitions<State, Event>,
  state: State,
  event: Event,
): boolean {
  return table[state]?.[event] !== undefined
}
