import { bls12_381 } from '@noble/curves/bls12-381.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { CryptoError } from './crypto-error.js'
import { installedKernels } from './kernels.js'

/** Domain separation tag; Ethereum's POP tag would give other signatures. Source: filecoin-project/lotus lib/sigs/bls/init.go. */
export const blsDomainTag = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_'

const domainTagBytes = new TextEncoder().encode(blsDomainTag)
const scheme = bls12_381.longSignatures
const order = bls12_381.fields.Fr.ORDER

const privateKeyBytes = 32
const publicKeyBytes = 48
const signatureBytes = 96

type PublicKeyPoint = ReturnType<typeof scheme.getPublicKey>

function littleEndian(scalar: bigint): Uint8Array {
  const bytes = new Uint8Array(privateKeyBytes)
  for (let at = 0, rest = scalar; at < privateKeyBytes; at++, rest >>= 8n) bytes[at] = Number(rest & 0xffn)
  return bytes
}

/** The big-endian form of lotus' little-endian scalar, checked to be one. */
function bigEndianScalar(privateKey: Uint8Array): Uint8Array {
  const reversed = privateKey.slice().reverse()
  const scalar = privateKey.length === privateKeyBytes ? BigInt(`0x${bytesToHex(reversed)}`) : 0n
  if (scalar === 0n || scalar >= order) {
    throw new CryptoError('KEY_INVALID', 'not a BLS private key: 32 bytes, above zero and below the order')
  }
  return reversed
}

/**
 * The private key that at least 32 bytes of input keying material make, little-endian.
 * Source: draft-irtf-cfrg-bls-signature-05 §2.3 (KeyGen, empty key_info), which filecoin-ffi's key generation follows.
 */
export function blsGenerate(keyingMaterial: Uint8Array): Uint8Array {
  if (keyingMaterial.length < 32) {
    throw new CryptoError('LENGTH_INVALID', `a BLS key needs 32 random bytes, not ${keyingMaterial.length}`)
  }
  const padded = new Uint8Array(keyingMaterial.length + 1)
  padded.set(keyingMaterial)
  let salt: Uint8Array = new TextEncoder().encode('BLS-SIG-KEYGEN-SALT-')
  for (;;) {
    salt = sha256(salt)
    // L = 48 bytes of output, announced as two big-endian bytes.
    const wide = expand(sha256, extract(sha256, padded, salt), Uint8Array.of(0, 48), 48)
    const scalar = BigInt(`0x${bytesToHex(wide)}`) % order
    if (scalar !== 0n) return littleEndian(scalar)
  }
}

/** The 48-byte compressed public key. */
export function blsPublicKey(privateKey: Uint8Array): Uint8Array {
  return scheme.getPublicKey(bigEndianScalar(privateKey)).toBytes(true)
}

/** The 96-byte compressed signature over the message bytes. */
export function blsSign(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  const secret = bigEndianScalar(privateKey)
  const native = installedKernels()?.signBls
  if (native !== undefined) return native(secret, message)
  return scheme.Signature.toBytes(scheme.sign(scheme.hash(message, domainTagBytes), secret))
}

/**
 * Public keys already decompressed and checked to lie in the subgroup: a sixth of a verification, and the same few
 * keys sign nearly everything. Bounded; the oldest goes first.
 */
const decompressed = new Map<string, PublicKeyPoint>()
const decompressedLimit = 1024

function publicKeyPoint(publicKey: Uint8Array): PublicKeyPoint {
  const name = bytesToHex(publicKey)
  const known = decompressed.get(name)
  if (known !== undefined) return known
  const point = bls12_381.G1.Point.fromBytes(publicKey)
  point.assertValidity()
  if (point.is0()) throw new CryptoError('KEY_INVALID', 'the point at infinity is no BLS public key')
  if (decompressed.size >= decompressedLimit) {
    for (const oldest of decompressed.keys()) {
      decompressed.delete(oldest)
      break
    }
  }
  decompressed.set(name, point)
  return point
}

/** Whether the signature verifies; points off the curve, outside the subgroup or at infinity do not. Never throws. */
export function blsVerify(signature: Uint8Array, publicKey: Uint8Array, message: Uint8Array): boolean {
  if (signature.length !== signatureBytes || publicKey.length !== publicKeyBytes) return false
  const native = installedKernels()?.verifyBls
  if (native !== undefined) return native(signature, publicKey, message)
  try {
    const point = scheme.Signature.fromBytes(signature)
    if (point.is0()) return false
    return scheme.verify(point, scheme.hash(message, domainTagBytes), publicKeyPoint(publicKey))
  } catch {
    return false
  }
}
