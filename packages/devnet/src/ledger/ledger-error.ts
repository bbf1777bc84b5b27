/** An answer that is an error to whoever asked, in lotus' own words; `rpcCode` as lotus numbers it. */
export class LedgerError extends Error {
  constructor(
    message: string,
    readonly rpcCode = 1,
    readonly data?: string,
  ) {
    super(message)
    this.name = 'LedgerError'
  }
}
