/** A payload whose commP is being computed beside the event loop. */
export interface CommPKernel {
  /**
   * Takes bytes from the front of the chunk and says how many; they are the caller's again. Fewer than all: wait for
   * `room`, then go on.
   */
  write(chunk: Uint8Array): number
  /** Resolves once `write` takes bytes again. */
  room(): Promise<void>
  /** The root (32 bytes) of the smallest tree that holds everything, and its padded size in bytes. Ends the payload. */
  finish(): Promise<{ root: Uint8Array; paddedSize: bigint }>
}

/**
 * Faster versions of what this package computes; each gives bit for bit what the plain JavaScript gives.
 * The addon's loader (`@sealane/crypto/native`) installs them; without it everything works, slower.
 */
export interface Kernels {
  /** One tree level, as `hashPairsInto`; lengths are already checked. */
  hashPairsInto?(input: Uint8Array, output: Uint8Array): void
  /**
   * The root (32 bytes) of the commitment tree over fr32-expanded payload; its length is 127 bytes times a power of
   * two, at least one.
   */
  fr32TreeRoot?(payload: Uint8Array): Uint8Array
  /** fr32 expansion of whole groups: 127 bytes become 128; lengths are already checked. */
  fr32PadInto?(payload: Uint8Array, padded: Uint8Array): void
  /** The reverse: 128 bytes become 127; lengths are already checked. */
  fr32UnpadInto?(padded: Uint8Array, payload: Uint8Array): void
  /** Begins a payload, hashed by up to so many threads at once; 0 = one for each core. */
  openCommP?(threads: number): CommPKernel
  /** The BLS signature (96 bytes) of a message by a private key: 32 big-endian bytes, already checked. */
  signBls?(privateKey: Uint8Array, message: Uint8Array): Uint8Array
  /** The uncompressed key (65 bytes) that made r || s || v over a 32-byte digest; empty when none did. Never throws. */
  recoverSecp256k1?(signature: Uint8Array, digest: Uint8Array): Uint8Array
  /** Whether a 96-byte BLS signature of a message verifies under a 48-byte public key. Never throws. */
  verifyBls?(signature: Uint8Array, publicKey: Uint8Array, message: Uint8Array): boolean
  /**
   * Whether every BLS signature of its message verifies: n signatures, public keys and random factors of 8 bytes,
   * each concatenated, and n messages. Never throws.
   */
  verifyBlsBatch?(
    signatures: Uint8Array,
    publicKeys: Uint8Array,
    messages: Uint8Array[],
    factors: Uint8Array,
  ): boolean
  /** As `verifyBlsBatch`, but for each: a byte per signature, 1 where it verifies. Computed beside the event loop. */
  verifyBlsEach?(
    signatures: Uint8Array,
    publicKeys: Uint8Array,
    messages: Uint8Array[],
    factors: Uint8Array,
  ): Promise<Uint8Array>
}

let installed: Kernels | undefined

/** Uses these kernels from now on, everywhere in this process; undefined goes back to plain JavaScript. */
export function installKernels(kernels: Kernels | undefined): void {
  installed = kernels
}

/** The kernels in use, undefined when all is plain JavaScript. */
export function installedKernels(): Kernels | undefined {
  return installed
}
