/** What the caller can do about a failure. */
export type Remedy =
  | 'retry' // may pass by itself
  | 'hold' // needs a person or other input: park it, keep its files
  | 'drop' // can never succeed
  | 'halt' // this machine lies: stop taking work

const remedies = {
  /** The request makes no sense: sizes, alignment, counts, order. */
  INVALID_INPUT: 'hold',
  /** A file or directory that the step needs is not there. */
  FILE_MISSING: 'hold',
  /** A file does not have the length that its role fixes. */
  FILE_LENGTH: 'hold',
  /** Data, pieces and commitments contradict one another. */
  COMMITMENT_MISMATCH: 'hold',
  /** The vanilla proofs do not hold: wrong sector, seed or replica, or corrupt data. */
  PROOF_REFUSED: 'hold',
  /** This sector's files cannot answer the challenge: skip it and declare it faulty. */
  SECTOR_FAULTY: 'hold',
  /** The key set's directory lacks a verifying key or the parameters. */
  PARAMETERS_MISSING: 'halt',
  /** A verifying key is not the one that the circuit's seed gives. */
  KEY_MISMATCH: 'halt',
  /** No space left on the device. */
  DISK_FULL: 'hold',
  /** The library returned an error without a code of its own. */
  NATIVE_FAILED: 'retry',
  /** The library panicked, mostly on corrupt sector files. */
  NATIVE_PANIC: 'hold',
  /** The child was killed or aborted: memory, SIGBUS, an operator's kill. */
  CHILD_DIED: 'retry',
  /** The caller's AbortSignal fired. */
  CANCELLED: 'retry',
  /** The native addon is not built for these sources and this machine. */
  ADDON_MISSING: 'halt',
  /** One process verifies with one key set: the library reads its directory once. */
  KEY_SET_FIXED: 'halt',
} as const satisfies Record<string, Remedy>

export type ProofErrorCode = keyof typeof remedies

/** Why a proof task or verification gave no result. `remedy` follows from `code`; nobody parses `message`. */
export class ProofError extends Error {
  readonly code: ProofErrorCode

  constructor(code: ProofErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ProofError'
    this.code = code
  }

  get remedy(): Remedy {
    return remedies[this.code]
  }

  /** Reads the addon's `CODE: message`; any other text is NATIVE_FAILED. */
  static fromNative(text: string): ProofError {
    const [, code = '', message = text] = /^([A-Z_]+): ([\s\S]*)$/.exec(text) ?? []
    return isCode(code) ? new ProofError(code, message) : new ProofError('NATIVE_FAILED', text)
  }
}

function isCode(text: string): text is ProofErrorCode {
  return Object.hasOwn(remedies, text)
}
