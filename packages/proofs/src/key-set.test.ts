import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { devnetKeySet } from './key-set.js'

describe('the devnet key set', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-keys-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('has the digest that devnet genesis blocks commit to', () => {
    const { digest, trapdoor, name } = devnetKeySet(directory)
    expect({ digest, trapdoor, name }).toEqual({
      name: 'devnet',
      trapdoor: true,
      // Changing a committed key makes every existing devnet refuse to start: that must be on purpose.
      digest: 'c85bfb2b865d84fdac3e99ab7388c69ae9345d6b6e28437d1a5f99bdbc73bbf9',
    })
  })

  it('lies in a directory named for its digest and repairs a damaged copy', () => {
    const first = devnetKeySet(directory)
    expect(basename(first.directory)).toBe(first.digest)
    const [key = ''] = readdirSync(first.directory).filter((file) => file.endsWith('.vk'))
    writeFileSync(join(first.directory, key), 'damaged')
    devnetKeySet(directory)
    expect(readdirSync(first.directory)).toHaveLength(5)
    expect(devnetKeySet(directory).directory).toBe(first.directory)
  })
})
