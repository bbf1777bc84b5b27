/** JSON that does not have the shape it should have. */
export class WireError extends Error {
  readonly code = 'WIRE_MALFORMED'

  constructor(
    readonly at: string,
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${at}: ${reason}`, options)
    this.name = 'WireError'
  }
}
