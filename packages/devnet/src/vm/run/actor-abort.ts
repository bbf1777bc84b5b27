/** An actor refuses: the exit code and the text that a receipt and its trace will show. The call leaves no trace in the state. */
export class ActorAbort extends Error {
  static override readonly name = 'ActorAbort'
  readonly code = 'ACTOR_ABORT'

  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message)
    this.name = ActorAbort.name
  }
}

/** Throws {@link ActorAbort}. */
export function abort(exitCode: number, message: string): never {
  throw new ActorAbort(exitCode, message)
}
