import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { checkParameters } from './check-parameters.js'
import { circuitFiles, devnetFiles, type KeyFiles, keyFileDigest, officialFiles } from './key-files.js'
import { devnetKeySet } from './key-set.js'
import { isDevnet, keySetFor, openKeySet } from './open-key-set.js'

const room = mkdtempSync(join(tmpdir(), 'sealane-key-sets-'))
afterAll(() => rmSync(room, { recursive: true, force: true }))
const committed = devnetKeySet(join(room, 'cache'))
const devnet = { name: `sealane-devnet-${committed.digest.slice(0, 16)}`, policy: 'devnet-2k' } as const
const localnet = { name: 'localnet-2k', policy: 'devnet-2k' } as const
const calibration = { name: 'calibrationnet', policy: 'calibration' } as const

/** A directory with a copy of the devnet's keys, each changed by `change`. */
function copyOf(change: (name: string, bytes: Buffer) => Buffer = (_, bytes) => bytes): string {
  const directory = mkdtempSync(join(room, 'set-'))
  for (const name of readdirSync(committed.directory)) {
    writeFileSync(join(directory, name), change(name, readFileSync(join(committed.directory, name))))
  }
  return directory
}

const flipped = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(bytes[0] ?? 0) ^ 1]), bytes.subarray(1)])
/** Keys of a private network: of the right names, of nobody's table. */
const privateKeys = copyOf((_, bytes) => flipped(bytes))
/** As if those were what Filecoin publishes. */
const published = {
  officialFiles: Object.fromEntries(
    readdirSync(privateKeys).map((name) => [
      name,
      { digest: keyFileDigest(readFileSync(join(privateKeys, name))), sectorSize: 0 },
    ]),
  ) as KeyFiles,
  devnetFiles,
}

describe('the proof keys of a directory', () => {
  it('are known by their contents, wherever they lie', () => {
    const directory = copyOf()
    expect(openKeySet(directory)).toEqual({
      name: 'devnet',
      directory,
      digest: committed.digest,
      trapdoor: true,
    })
    expect(openKeySet(privateKeys)).toMatchObject({ name: 'other', trapdoor: false })
    expect(openKeySet(privateKeys, published)).toMatchObject({ name: 'official', trapdoor: false })
  })

  it('are refused by the name of the file that is damaged', () => {
    const [, odd = ''] = readdirSync(committed.directory)
    const directory = copyOf((name, bytes) => (name === odd ? flipped(bytes) : bytes))
    expect(() => openKeySet(directory)).toThrow(`${join(directory, odd)} is not the devnet one`)
    expect(() => openKeySet(room)).toThrow(/no verifying keys .* name the directory/)
    expect(() => openKeySet(join(room, 'nowhere'))).toThrow(/cannot be read/)
  })
})

describe('the proof keys of a network', () => {
  it('are the devnet’s only on the devnet whose name commits to them', () => {
    expect(keySetFor(devnet, copyOf())).toMatchObject({ name: 'devnet', digest: committed.digest })
    expect(() => keySetFor(devnet, privateKeys)).toThrow(/commits to other proof parameters/)
    expect(() => keySetFor({ ...devnet, name: 'sealane-devnet-0000000000000000' }, undefined)).toThrow(
      /use the devnet of this release/,
    )
    expect(() => keySetFor(localnet, copyOf())).toThrow(/secrets are public/)
    expect(() => keySetFor(calibration, copyOf())).toThrow(/secrets are public/)
    expect(isDevnet('sealane-devnet-0000000000000000')).toBe(true)
    expect(isDevnet('calibrationnet')).toBe(false)
  })

  it('must be named on a private one, and be Filecoin’s on calibration', () => {
    expect(() => keySetFor(localnet, undefined)).toThrow(/name their directory/)
    expect(keySetFor(localnet, privateKeys)).toMatchObject({ name: 'other' })
    expect(() => keySetFor(calibration, privateKeys)).toThrow(/official proof parameters/)
  })
})

describe('the parameter files of a sector size', () => {
  const memory = join(room, 'memory.json')

  it('have published names and digests for every size', () => {
    for (const size of [2048, 8 << 20, 512 << 20, 2 ** 35, 2 ** 36]) {
      const names = circuitFiles(size)
      expect(names).toHaveLength(2)
      for (const name of names)
        for (const extension of ['vk', 'params'])
          expect(officialFiles[`${name}.${extension}`]).toMatchObject({ sectorSize: size })
    }
    expect(circuitFiles(4096)).toEqual([])
  })

  it('must be there, whole, and of the key beside them', async () => {
    const directory = copyOf()
    const keySet = openKeySet(directory)
    const check = (prover: 'real' | 'trapdoor' = 'real') =>
      checkParameters({ keySet, sectorSize: 2048n, prover, memory })
    const [window = ''] = circuitFiles(2048)
    const path = join(directory, `${window}.params`)
    // Made on first use on a devnet.
    await check()
    writeFileSync(path, 'not parameters')
    await expect(check()).rejects.toThrow(/does not belong to the verifying key/)
    await check('trapdoor')
    copyFileSync(join(directory, `${window}.vk`), path)
    appendFileSync(path, 'and then something else')
    await expect(check()).rejects.toThrow(/is damaged \(digest [0-9a-f]{32}, published [0-9a-f]{32}\)/)
    const other = openKeySet(privateKeys)
    const wanted = { keySet: other, sectorSize: 2048n, prover: 'real', memory } as const
    await expect(checkParameters(wanted)).rejects.toThrow(/\.params is missing/)
    rmSync(join(privateKeys, `${window}.vk`))
    await expect(checkParameters(wanted)).rejects.toThrow(/\.vk is missing, the verifying key/)
    await expect(checkParameters({ ...wanted, sectorSize: 4096n })).rejects.toThrow(/no proof is registered/)
  })
})
