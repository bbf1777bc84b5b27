import { randomBytes } from 'node:crypto'
import { type SignedBytes, verify, verifyEach } from '@sealane/crypto'
import { gathered } from '../gathered.js'

/** Signatures of one batch at most; what comes meanwhile makes the next one. */
const mostTogether = 256

const judgeBls = gathered({ most: mostTogether }, async (items: readonly SignedBytes[]) => {
  const verdicts = await verifyEach(items, randomBytes(32))
  return verdicts.map((value) => ({ status: 'fulfilled', value }) as const)
})

/**
 * Whether a proposal's signature is good. BLS ones that come while others are being judged are judged together, beside
 * the event loop: under load that costs less than half, and nobody's stream waits for somebody else's pairing.
 */
export async function judgeSignature(item: SignedBytes): Promise<boolean> {
  if (item.signer.protocol !== 3) return verify(item.signature, item.signer, item.message)
  return await judgeBls(item)
}
