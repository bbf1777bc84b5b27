import { randomBytes } from 'node:crypto'
import { type SignedBytes, verify, verifyEach } from '@sealane/crypto'

/** Signatures of one batch at most; what comes meanwhile makes the next one. */
const mostTogether = 256

/**
 * Judges proposals' signatures. BLS ones that come while others are being judged are judged together, beside the event
 * loop: under load that costs less than half, and nobody's stream waits for somebody else's pairing.
 */
export class SignatureJudge {
  readonly #waiting: {
    item: SignedBytes
    resolve: (good: boolean) => void
    reject: (cause: unknown) => void
  }[] = []
  #working = false

  async judge(item: SignedBytes): Promise<boolean> {
    if (item.signer.protocol !== 3) return verify(item.signature, item.signer, item.message)
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    this.#waiting.push({ item, resolve, reject })
    if (!this.#working) void this.#work()
    return await promise
  }

  async #work(): Promise<void> {
    this.#working = true
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      const batch = this.#waiting.splice(0, mostTogether)
      try {
        const verdicts = await verifyEach(
          batch.map(({ item }) => item),
          randomBytes(32),
        )
        for (const [at, { resolve }] of batch.entries()) resolve(verdicts[at] === true)
      } catch (cause) {
        for (const { reject } of batch) reject(cause)
      }
    }
    this.#working = false
  }
}
