/** What the holder of a row does with a failure. */
export type Remedy =
  | 'retry' // may pass by itself: peer gone, server busy
  | 'hold' // needs a person or new input: park it, keep its files
  | 'drop' // can never succeed: retire its files, tell whoever asked
  | 'halt' // this machine lies: stop taking work, exit non-zero with one line

/**
 * A failure as facts: programs read `facts.code` and `remedy`, people read `message`.
 * Subclass it with a union of facts and a table `code → remedy`, so that a code without a remedy does not compile.
 */
export abstract class CodedError<Facts extends { readonly code: string }> extends Error {
  /** `message`: one plain line naming the thing and, where there is one, the fix. */
  constructor(
    readonly facts: Facts,
    message?: string,
    options?: ErrorOptions,
  ) {
    super(message ?? listed(facts), options)
    this.name = new.target.name
  }
  abstract get remedy(): Remedy
  get code(): Facts['code'] {
    return this.facts.code
  }
}

function listed(facts: { readonly code: string }): string {
  const { code, ...rest } = facts
  return [code, ...Object.entries(rest).map(([name, value]) => `${name}=${String(value)}`)].join(' ')
}

const REMEDIES: readonly unknown[] = ['retry', 'hold', 'drop', 'halt']

/** The remedy of any thrown value. What does not carry one (a bug, a library's error) is `hold`: a person must look. */
export function remedyOf(error: unknown): Remedy {
  if (typeof error === 'object' && error !== null && 'remedy' in error && REMEDIES.includes(error.remedy)) {
    return error.remedy as Remedy
  }
  return 'hold'
}

/** The code of any thrown value: CodedError's or Node's own (`ECONNREFUSED`), else the class name. */
export function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string')
    return error.code
  return error instanceof Error ? error.name : typeof error
}

/** What a row or an operator keeps of a failure. */
export function failureOf(error: unknown): { code: string; remedy: Remedy; text: string } {
  return {
    code: codeOf(error),
    remedy: remedyOf(error),
    text: error instanceof Error ? error.message : String(error),
  }
}
