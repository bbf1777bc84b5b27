import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { cacheDirectory } from '../scripts/built-addon.mjs'
import { circuitFiles, devnetFiles, officialFiles } from './key-files.js'
import type { KeySet } from './key-set.js'
import { ProofError } from './proof-error.js'
import type { ProverKind } from './prover.js'
import type { TaskOptions } from './task-options.js'

/**
 * Sees that all files are there which sealing and proving sectors of one size load, and that each is the published one. Official
 * parameters of 32GiB are 110 GB to read, so what was found right is remembered by path, size and time, and not read again.
 *
 * @throws ProofError PARAMETERS_MISSING or KEY_MISMATCH: the message names the file and what to do
 */
export async function checkParameters(
  o: { keySet: KeySet; sectorSize: bigint; prover: ProverKind; memory?: string } & TaskOptions,
): Promise<void> {
  const { keySet, sectorSize } = o
  const circuits = circuitFiles(Number(sectorSize))
  if (circuits.length === 0)
    throw new ProofError('INVALID_INPUT', `no proof is registered for sectors of ${sectorSize} bytes`)
  const memory = new Memory(o.memory ?? join(cacheDirectory(), 'checked-parameters.json'))
  for (const [index, circuit] of circuits.entries()) {
    const key = join(keySet.directory, `${circuit}.vk`)
    if (lengthOf(key) === undefined)
      throw missing(keySet, key, `the verifying key for sectors of ${sectorSize} bytes`)
    // The trapdoor prover makes SNARKs without them.
    if (o.prover === 'trapdoor') continue
    const name = `${circuit}.params`
    const path = join(keySet.directory, name)
    if (lengthOf(path) === undefined) {
      // The devnet's are made on first use.
      if (keySet.trapdoor) continue
      throw missing(keySet, path, `the proof parameters for sectors of ${sectorSize} bytes`)
    }
    await requireBelongs(path, key)
    const known = (keySet.trapdoor ? devnetFiles : officialFiles)[name]
    if (keySet.name === 'other' || known === undefined) continue
    if (memory.has(path, known.digest)) continue
    const report = (fraction: number) =>
      o.onProgress?.({ stage: `checking ${name}`, fraction: (index + fraction) / circuits.length })
    const digest = await digestOfFile(path, report, o.signal)
    if (digest !== known.digest) {
      throw new ProofError(
        'KEY_MISMATCH',
        `${path} is damaged (digest ${digest}, published ${known.digest}): remove it and ${keySet.trapdoor ? 'start again, it is made anew' : 'fetch it again'}`,
      )
    }
    await memory.add(path, digest)
  }
}

function missing(keySet: KeySet, path: string, what: string): ProofError {
  const fix =
    keySet.name === 'official'
      ? 'fetch them with "lotus fetch-params SIZE" (FIL_PROOFS_PARAMETER_CACHE names the directory)'
      : "put this network's file there"
  return new ProofError('PARAMETERS_MISSING', `${path} is missing, ${what}: ${fix}`)
}

function lengthOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.isFile() ? found.size : undefined
}

/** Parameters begin with the verifying key that proofs made with them are verified by. */
async function requireBelongs(path: string, keyPath: string): Promise<void> {
  const key = readFileSync(keyPath)
  const file = await open(path, 'r')
  try {
    const begin = Buffer.alloc(key.length)
    await file.read(begin, 0, begin.length, 0)
    if (begin.equals(key)) return
  } finally {
    await file.close()
  }
  throw new ProofError(
    'KEY_MISMATCH',
    `${path} does not belong to the verifying key beside it: no proof made with it would verify; fetch both again`,
  )
}

async function digestOfFile(
  path: string,
  report: (fraction: number) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('blake2b512')
  const size = lengthOf(path) ?? 0
  let read = 0
  for await (const chunk of createReadStream(path, {
    highWaterMark: 4 << 20,
    ...(signal ? { signal } : {}),
  })) {
    hash.update(chunk as Buffer)
    read += (chunk as Buffer).length
    report(size === 0 ? 1 : read / size)
  }
  return hash.digest('hex').slice(0, 32)
}

/** Which files were found right, in a small file of the cache. Losing it costs reading them again. */
class Memory {
  readonly #seen: Record<string, string>

  constructor(private readonly file: string) {
    this.#seen = readJson(file)
  }

  has(path: string, digest: string): boolean {
    return this.#seen[path] === mark(path, digest)
  }

  async add(path: string, digest: string): Promise<void> {
    this.#seen[path] = mark(path, digest)
    await mkdir(dirname(this.file), { recursive: true })
    const partial = `${this.file}.partial-${process.pid}`
    await writeFile(partial, `${JSON.stringify(this.#seen, null, 1)}\n`)
    await rename(partial, this.file)
  }
}

function mark(path: string, digest: string): string {
  const { size, mtimeMs, ino } = statSync(path)
  return `${digest} ${size} ${ino} ${mtimeMs}`
}

function readJson(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  } catch {
    // Not there yet, or half written by a machine that lost power: then all is read once more.
    return {}
  }
}
