/** What the operator may tune; defaults and their sources are in config.ts. */
export class MessagerOptions {
  /** Epochs after which unconfirmed bytes are pushed again. */
  repushEpochs = 10
  /** Epochs without inclusion after which the lowest pending nonce is replaced by fee. */
  replaceEpochs = 10
  /** … and no earlier than this, so that a rushing devnet does not look like a stuck pool. Unit: ms. */
  replaceAfterMs = 30_000
  /** Unconfirmed messages of one sender at a time: far below the 100 that pools allow strangers. */
  window = 20
}
