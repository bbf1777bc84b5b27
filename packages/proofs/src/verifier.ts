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
  verifySeal(o: SealClaim & { proof: Uint8Array }): Promise<boolean>

  /** One SnarkPack V2 proof for all claims, in this order; their sectors are of one size. Also needs the SRS. */
  verifyAggregateSeals(o: { claims: readonly SealClaim[]; proof: Uint8Array }): Promise<boolean>

  /** A replica update (SnapDeals): the empty sector of `oldCommR` now holds the data behind `newCommD`. */
  verifyUpdate(o: {
    sectorSize: bigint
    oldCommR: Uint8Array
    newCommR: Uint8Array
    newCommD: Uint8Array
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

/** What a PoRep shows. `ticket` and `seed` as drawn from the chain, not masked. */
export interface SealClaim {
  sector: SectorRef
  commR: Uint8Array
  commD: Uint8Array
  ticket: Uint8Array
  seed: Uint8Array
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
    const claim = wireSealClaim(o)
    return this.#check(() => this.addon.verifySeal(JSON.stringify(claim), Buffer.from(o.proof)))
  }

  async verifyAggregateSeals(o: Parameters<Verifier['verifyAggregateSeals']>[0]): Promise<boolean> {
    const claims = o.claims.map(wireSealClaim)
    return this.#check(() => this.addon.verifyAggregateSeals(JSON.stringify(claims), Buffer.from(o.proof)))
  }

  async verifyUpdate(o: Parameters<Verifier['verifyUpdate']>[0]): Promise<boolean> {
    const claim = {
      sectorSize: o.sectorSize.toString(),
      oldCommR: bytes32(o.oldCommR, 'oldCommR'),
      newCommR: bytes32(o.newCommR, 'newCommR'),
      newCommD: bytes32(o.newCommD, 'newCommD'),
    }
    return this.#check(() => this.addon.verifyUpdate(JSON.stringify(claim), Buffer.from(o.proof)))
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

function wireSealClaim(o: SealClaim) {
  return {
    sector: wireSector(o.sector),
    commR: bytes32(o.commR, 'commR'),
    commD: bytes32(o.commD, 'commD'),
    ticket: bytes32(o.ticket, 'ticket'),
    seed: bytes32(o.seed, 'seed'),
  }
}
