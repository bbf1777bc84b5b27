import { CodedError, codeOf, failureOf, type Remedy } from '../errors/coded-error.js'

/** A failure of the other side of a gRPC or operator call, with the remedy it told; unreachable or unknown is `retry`. */
export class RemoteError extends CodedError<{ readonly code: string } & Readonly<Record<string, unknown>>> {
  constructor(
    facts: { readonly code: string } & Readonly<Record<string, unknown>>,
    message: string,
    private readonly told: Remedy,
    options?: ErrorOptions,
  ) {
    super(facts, message, options)
  }
  get remedy(): Remedy {
    return this.told
  }
}

/** What travels of an error: JSON, without stack. */
export interface WireFailure {
  readonly code: string
  readonly remedy: Remedy
  readonly text: string
  readonly facts: Readonly<Record<string, unknown>>
}

export function toWire(error: unknown): WireFailure {
  const facts =
    typeof error === 'object' && error !== null && 'facts' in error
      ? (error.facts as Record<string, unknown>)
      : {}
  return { ...failureOf(error), code: codeOf(error), facts }
}

export function fromWire(failure: WireFailure, cause?: unknown): RemoteError {
  return new RemoteError({ ...failure.facts, code: failure.code }, failure.text, failure.remedy, { cause })
}
