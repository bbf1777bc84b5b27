import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { devnetFiles, type KeyFiles, keyFileDigest, officialFiles } from './key-files.js'
import { devnetKeySet, digestOf, type KeySet } from './key-set.js'
import { ProofError } from './proof-error.js'

/** Where lotus keeps the official files unless FIL_PROOFS_PARAMETER_CACHE says otherwise. */
export const officialDirectory = '/var/tmp/filecoin-proof-parameters'

/** What decides which proof keys a network takes. */
export interface KeySetNetwork {
  /** As the node names it. */
  name: string
  /** Whose rules it follows. */
  policy: 'mainnet' | 'calibration' | 'devnet-2k'
}

/** `sealane-devnet-<first 16 hex of the key set's digest>`: the name commits to the proof keys. */
const devnetName = /^sealane-devnet-([0-9a-f]{16})$/

/** The tables that files are held against. */
export interface Published {
  officialFiles: KeyFiles
  devnetFiles: KeyFiles
}

/** True on an embedded devnet, whose proof keys have public secrets. */
export function isDevnet(networkName: string): boolean {
  return devnetName.test(networkName)
}

/**
 * The proof keys of a directory, told by their contents: `official`, `devnet`, or `other` (of a private network). Every verifying key
 * and the SRS are read; they are small.
 *
 * @throws ProofError PARAMETERS_MISSING when there are none; KEY_MISMATCH when one file is damaged, or two sets lie mixed
 */
export function openKeySet(given: string, published: Published = { officialFiles, devnetFiles }): KeySet {
  const directory = resolve(given)
  const files = keyFiles(directory)
  if (!files.some(({ name }) => name.endsWith('.vk'))) {
    throw new ProofError(
      'PARAMETERS_MISSING',
      `no verifying keys (v28-….vk) in ${directory}: name the directory of this network's proof parameters`,
    )
  }
  for (const [name, known] of [
    ['official', published.officialFiles],
    ['devnet', published.devnetFiles],
  ] as const) {
    const fits = (file: HashedFile) => known[file.name]?.digest === file.digest
    if (!files.some(fits)) continue
    const odd = files.find((file) => !fits(file))
    if (odd !== undefined) {
      throw new ProofError(
        'KEY_MISMATCH',
        `${join(directory, odd.name)} is not the ${name} one (digest ${odd.digest}, published ${known[odd.name]?.digest ?? 'none'}): fetch it again, or take it out of this directory`,
      )
    }
    return name === 'devnet'
      ? { name, directory, digest: digestOf(files), trapdoor: true }
      : { name, directory, digest: officialDigest, trapdoor: false }
  }
  return { name: 'other', directory, digest: digestOf(files), trapdoor: false }
}

/**
 * The proof keys of a network: the devnet's own for its genesis, the official ones for mainnet and calibration, for any other those of
 * the directory that the operator names. Devnet keys are taken nowhere else: their secrets are public.
 *
 * @throws ProofError KEY_MISMATCH, PARAMETERS_MISSING: the message says what to do
 */
export function keySetFor(network: KeySetNetwork, directory: string | undefined): KeySet {
  const committed = devnetName.exec(network.name)?.[1]
  if (committed !== undefined) {
    const keySet = directory === undefined ? devnetKeySet() : openKeySet(directory)
    if (keySet.digest.startsWith(committed)) return keySet
    throw new ProofError(
      'KEY_MISMATCH',
      `the network ${network.name} commits to other proof parameters than those in ${keySet.directory} (${keySet.name}, ${keySet.digest.slice(0, 16)}): use the devnet of this release, or its directory`,
    )
  }
  const official = network.policy !== 'devnet-2k'
  if (directory === undefined && !official) {
    throw new ProofError(
      'PARAMETERS_MISSING',
      `the network ${network.name} does not say which proof parameters it takes: name their directory (lotus 2k networks: that of "lotus fetch-params 2048")`,
    )
  }
  const keySet = openKeySet(directory ?? officialDirectory)
  if (keySet.trapdoor) {
    throw new ProofError(
      'KEY_MISMATCH',
      `${keySet.directory} holds the embedded devnet's proof parameters, whose secrets are public: the network ${network.name} must not take them`,
    )
  }
  if (official && keySet.name !== 'official') {
    throw new ProofError(
      'KEY_MISMATCH',
      `${keySet.directory} does not hold Filecoin's official proof parameters, which ${network.name} takes: fetch them with "lotus fetch-params 32GiB"`,
    )
  }
  return keySet
}

/** All machines name the official set alike, however few of its files they hold. */
const officialDigest = digestOfTable(officialFiles)

function digestOfTable(files: KeyFiles): string {
  const lines = Object.keys(files)
    .filter(isKey)
    .sort()
    .map((name) => `${files[name]?.digest}  ${name}\n`)
  return createHash('sha256').update(lines.join('')).digest('hex')
}

interface HashedFile {
  name: string
  bytes: Buffer
  digest: string
}

function keyFiles(directory: string): HashedFile[] {
  let names: string[]
  try {
    names = readdirSync(directory).filter(isKey).sort()
  } catch (cause) {
    throw new ProofError(
      'PARAMETERS_MISSING',
      `the proof parameters' directory ${directory} cannot be read`,
      {
        cause,
      },
    )
  }
  return names.map((name) => {
    const bytes = readFileSync(join(directory, name))
    return { name, bytes, digest: keyFileDigest(bytes) }
  })
}

function isKey(name: string): boolean {
  return name.startsWith('v28-') && (name.endsWith('.vk') || name.endsWith('.srs'))
}
