export type PolicyErrorCode =
  | 'UNSUPPORTED_NETWORK'
  | 'UNSUPPORTED_NETWORK_VERSION'
  | 'UNSUPPORTED_PROOF'
  | 'UNSUPPORTED_SECTOR_SIZE'
  | 'INVALID_ACTOR_ID'
  | 'INVALID_LENGTH'
  | 'NO_DEADLINE'

/** A question no policy of a known network answers: a person has to choose another network, size or version. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError'
  readonly remedy = 'hold'

  constructor(
    readonly code: PolicyErrorCode,
    message: string,
  ) {
    super(message)
  }
}
