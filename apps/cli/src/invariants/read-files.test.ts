import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { trash } from '@sealane/host'
import { temporaryDirectory } from '@sealane/testkit'
import { describe, expect, it } from 'vitest'
import { readStoragePath, readTrash } from './read-files.js'

describe('the trash of a volume', () => {
  it('names what lies there, and what does not say whence and why', async () => {
    const root = temporaryDirectory()
    writeFileSync(join(root, 'one.piece'), 'bytes')
    await trash(root, join(root, 'one.piece'), 'arrived home', new Date())
    const stray = join(root, 'trash/2026-11-22/stray')
    mkdirSync(stray, { recursive: true })
    writeFileSync(join(stray, 'two.piece'), 'bytes')
    // A move that was cut off before the rename: the thing is still where it was.
    const begun = join(root, 'trash/2026-11-22/begun')
    mkdirSync(begun)
    writeFileSync(join(begun, 'manifest.json'), '{"originalPath":"/x/three.piece","reason":"r"}')
    const half = join(root, 'trash/2026-11-22/half')
    mkdirSync(half)
    writeFileSync(join(half, '.manifest.json.0a1b2c3d4e5f.tmp'), '{"orig')
    expect(readTrash(root)).toEqual({ names: new Set(['one.piece']), unexplained: [stray] })
    expect(readTrash(join(root, 'nothing'))).toEqual({ names: new Set(), unexplained: [] })
  })
})

describe('a storage path', () => {
  it('is read by its marker, sectors by their files’ names', () => {
    const root = temporaryDirectory()
    expect(readStoragePath(root)).toBeUndefined()
    writeFileSync(join(root, 'sectorstore.json'), '{"ID":"path-1"}')
    for (const dir of ['sealed', 'cache/s-t01000-7', 'manifests', 'claims/claim-1']) {
      mkdirSync(join(root, dir), { recursive: true })
    }
    writeFileSync(join(root, 'sealed/s-t01000-7'), '')
    writeFileSync(join(root, 'sealed/notes.txt'), '')
    writeFileSync(join(root, 'manifests/s-t01000-7.json'), '{}')
    expect(readStoragePath(root)).toMatchObject({
      id: 'path-1',
      sectors: { sealed: [7], cache: [7], unsealed: [], manifests: [7] },
      claims: ['claim-1'],
    })
  })
})
