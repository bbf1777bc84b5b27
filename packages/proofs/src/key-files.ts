import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** One file of a published key set. */
export interface KeyFile {
  /** First 16 bytes, hex, of its blake2b-512: the form in which Filecoin publishes them. */
  digest: string
  /** Bytes; 0 for the aggregation string, which serves all. */
  sectorSize: number
}

export type KeyFiles = Readonly<Record<string, KeyFile>>

function table(name: string): KeyFiles {
  return JSON.parse(readFileSync(new URL(`../keys/${name}.json`, import.meta.url), 'utf8')) as KeyFiles
}

/** The trusted set-up's files, version 28. Source: filecoin-project/lotus build/proof-params, parameters.json and srs-inner-product.json. */
export const officialFiles: KeyFiles = table('official')

/** The devnet's, which follow from a public seed: the same on every machine. */
export const devnetFiles: KeyFiles = table('devnet')

/** What Filecoin calls the digest of a parameter file. */
export function keyFileDigest(bytes: Uint8Array): string {
  return createHash('blake2b512').update(bytes).digest('hex').slice(0, 32)
}

// Source: the circuits' cache identifiers; native/src/circuits.rs computes them and its test holds these against that.
const circuits: Readonly<Record<number, { window: string; porep: string }>> = {
  2048: { window: '8-0-0-0170db1f', porep: '8-0-0-sha256_hasher-032d3138' },
  8388608: { window: '8-0-0-5294475d', porep: '8-0-0-sha256_hasher-ecd68364' },
  536870912: { window: '8-0-0-0cfb4f17', porep: '8-0-0-sha256_hasher-6babf46c' },
  34359738368: { window: '8-8-0-0377ded6', porep: '8-8-0-sha256_hasher-82a357d2' },
  68719476736: { window: '8-8-2-2627e400', porep: '8-8-2-sha256_hasher-96f1b4a0' },
}

/**
 * Names, without extension, of what sealing and WindowPoSt of one sector size load; empty for a size that nothing is registered for.
 *
 * @param sectorSize bytes
 */
export function circuitFiles(sectorSize: number): string[] {
  const wanted = circuits[sectorSize]
  if (wanted === undefined) return []
  const begins = [
    `v28-proof-of-spacetime-fallback-merkletree-poseidon_hasher-${wanted.window}`,
    `v28-stacked-proof-of-replication-merkletree-poseidon_hasher-${wanted.porep}`,
  ]
  return begins.flatMap((begin) =>
    Object.keys(officialFiles)
      .filter((name) => name.startsWith(begin) && name.endsWith('.vk'))
      .map((name) => name.slice(0, -'.vk'.length)),
  )
}
