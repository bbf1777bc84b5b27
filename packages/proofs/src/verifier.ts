import { type Addon, addonPath, loadAddon } from './addon.js'
import type { KeySet } from './key-set.js'
import { ProofError } from './proof-error.js'
import type { SealedSector, SectorRef } from './sector.js'
import { bytes32, wireSealedSector, wireSector } from './wire.js'

/**
 * Verifies in this process, on a worker thread, with verifying keys only: milliseconds once a key is loaded.
 * A proof that does not hold, whatever its bytes, is `false`; only a broken set-up or a claim that makes no
 * sense (sizes, lengths of commitments) rejects.
 */
export interface Verifier {
  /** `ticket` and `seed` as drawn from the chain, not masked. */
  verifySeal(o: {
    sector: SectorRef
    commR: Uint8Array
    commD: Uint8Array
    ticket: Uint8Array
    seed: Uint8Array
    proof: Uint8Array
  }): Promise<boolean>

  /**
   * `proof` is the concatenation of the partitions' proofs. Sectors may come in any order and, where the chain
   * puts a good sector in a skipped one's place, more than once. The randomness is masked here.
   */
  verifyWindowPost(o: {
    minerId: number
    sectorSize: bigint
    randomness: Uint8Array
    proof: Uint8Array
    sectors: SealedSector[]
  }): Promise<boolean>
}

let fixedDirectory: string | undefined

/**
 * Loads the addon and binds this process to a key set.
 *
 * @throws ProofError KEY_SET_FIXED if this process already verifies with another key set
 */
export async function createVerifier(o: { keySet: KeySet; addonPath?: string }): Promise<Verifier> {
  if (fixedDirectory !== undefined && fixedDirectory !== o.keySet.directory) {
    throw new ProofError('KEY_SET_FIXED', `this process verifies with the keys of ${fixedDirectory}`)
  }
  // The library reads this once, at its first use; Node sets the process's own environment.
  process.env.FIL_PROOFS_PARAMETER_CACHE = o.keySet.directory
  const addon = loadAddon(o.addonPath ?? addonPath())
  fixedDirectory = o.keySet.directory
  return new AddonVerifier(addon)
}

class AddonVerifier implements Verifier {
  constructor(private readonly addon: Addon) {}

  async verifySeal(o: Parameters<Verifier['verifySeal']>[0]): Promise<boolean> {
    const claim = {
      sector: wireSector(o.sector),
      commR: bytes32(o.commR, 'commR'),
      commD: bytes32(o.commD, 'commD'),
      ticket: bytes32(o.ticket, 'ticket'),
      seed: bytes32(o.seed, 'seed'),
    }
    return this.#check(() => this.addon.verifySeal(JSON.stringify(claim), Buffer.from(o.proof)))
  }

  async verifyWindowPost(o: Parameters<Verifier['verifyWindowPost']>[0]): Promise<boolean> {
    const claim = {
      minerId: o.minerId,
      sectorSize: o.sectorSize.toString(),
      randomness: bytes32(o.randomness, 'randomness'),
      sectors: o.sectors.map(wireSealedSector),
    }
    return this.#check(() => this.addon.verifyWindowPost(JSON.stringify(claim), Buffer.from(o.proof)))
  }

  async #check(verify: () => Promise<boolean>): Promise<boolean> {
    try {
      return await verify()
    } catch (cause) {
      throw ProofError.fromNative(cause instanceof Error ? cause.message : String(cause))
    }
  }
}
