import { blake2b256 } from './blake2b.js'
import { CryptoError } from './crypto-error.js'
import { installedKernels } from './kernels.js'
import { type Signature, type Signer, signatureType, verify } from './signature.js'

/** A signature, whose it should be, and over what. */
export interface SignedBytes {
  signature: Signature
  signer: Signer
  message: Uint8Array
}

const signatureBytes = 96
const publicKeyBytes = 48
const factorBytes = 8

function isBls({ signature, signer }: SignedBytes): boolean {
  return (
    signature.type === signatureType.bls &&
    signer.protocol === 3 &&
    signature.data.length === signatureBytes &&
    signer.payload.length === publicKeyBytes
  )
}

function concatenated(parts: readonly Uint8Array[], each: number): Uint8Array {
  const whole = new Uint8Array(parts.length * each)
  for (const [at, part] of parts.entries()) whole.set(part.subarray(0, each), at * each)
  return whole
}

/** One unpredictable factor for each signature, from the entropy and its place. */
function factors(count: number, entropy: Uint8Array): Uint8Array {
  const seed = new Uint8Array(entropy.length + 4)
  seed.set(entropy)
  const place = new DataView(seed.buffer, entropy.length)
  const parts = Array.from({ length: count }, (_, at) => {
    place.setUint32(0, at)
    return blake2b256(seed)
  })
  return concatenated(parts, factorBytes)
}

/** BLS signatures as the addon takes them. */
type Packed = [signatures: Uint8Array, publicKeys: Uint8Array, messages: Uint8Array[], factors: Uint8Array]

function packed(items: readonly SignedBytes[], entropy: Uint8Array): Packed {
  return [
    concatenated(
      items.map((item) => item.signature.data),
      signatureBytes,
    ),
    concatenated(
      items.map((item) => item.signer.payload),
      publicKeyBytes,
    ),
    items.map((item) => item.message),
    factors(items.length, entropy),
  ]
}

function requireEntropy(entropy: Uint8Array): void {
  if (entropy.length === 32) return
  throw new CryptoError('LENGTH_INVALID', `a batch needs 32 random bytes, not ${entropy.length}`)
}

/**
 * Whether every one of these signatures verifies; of none, true. With the addon, BLS signatures are checked together
 * in half of the time, in a quarter where few keys signed; which one is wrong is then not known: {@link verifyEach} tells.
 * @param entropy 32 bytes that nobody who made the signatures could predict: with known ones, wrong signatures could
 * be made to cancel out.
 * @throws CryptoError LENGTH_INVALID when the entropy has another length; never for bad signatures.
 */
export function verifyBatch(items: readonly SignedBytes[], entropy: Uint8Array): boolean {
  requireEntropy(entropy)
  const native = installedKernels()?.verifyBlsBatch
  const together = native === undefined ? [] : items.filter(isBls)
  if (native === undefined || together.length < 2) {
    return items.every(({ signature, signer, message }) => verify(signature, signer, message))
  }
  return (
    items.every((item) => isBls(item) || verify(item.signature, item.signer, item.message)) &&
    native(...packed(together, entropy))
  )
}

/**
 * Whether each of these signatures verifies, in order. With the addon, BLS signatures are checked many at once beside
 * the event loop, and only a batch that fails is searched for its wrong ones.
 * @param entropy as for {@link verifyBatch}.
 * @throws CryptoError LENGTH_INVALID when the entropy has another length; never for bad signatures.
 */
export async function verifyEach(items: readonly SignedBytes[], entropy: Uint8Array): Promise<boolean[]> {
  requireEntropy(entropy)
  const native = installedKernels()?.verifyBlsEach
  const judge = ({ signature, signer, message }: SignedBytes) => verify(signature, signer, message)
  if (native === undefined) return items.map(judge)
  const judging = native(...packed(items.filter(isBls), entropy))
  const others = items.map((item) => !isBls(item) && judge(item))
  const bls = (await judging).values()
  return items.map((item, at) => (isBls(item) ? bls.next().value === 1 : others[at] === true))
}
