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
    expect(readTrash(root)).toEqual({ names: new Set(['one.piece']), unexplained: [stray] })
    expect(readTrash(join(root, 'nothing'))).toEqual({ names: new Set(), unexplained: [] })
  })

  describe('with a manifest that was being written', () => {
    const half = '.manifest.json.0a1b2c3d4e5f.tmp'
    const whole = '{\n  "originalPath": "/x/three.piece",\n  "reason": "r"\n}\n'
    const unexplained = (place: string, files: Record<string, string>) => {
      const root = temporaryDirectory()
      const dir = join(root, 'trash/2026-11-22', place)
      mkdirSync(dir, { recursive: true })
      for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
      return readTrash(root).unexplained.length
    }
    it.each([
      ['nothing of it', ''],
      ['its first byte', '{'],
      ['some of it', '{\n  "originalPath": "/x/thr'],
      ['all of it', whole],
    ])('alone in its place is a move that was cut off: %s', (_, text) => {
      expect(unexplained('three.piece.5f4e3d2c1b0a', { [half]: text })).toBe(0)
    })
    it.each([
      ['beside a thing, which is moved last', 'p.5f4e3d2c1b0a', { [half]: '{', 'three.piece': 'bytes' }],
      ['beside a manifest, whose name it takes', 'p.5f4e3d2c1b0a', { [half]: '{', 'manifest.json': whole }],
      ['that is something else under that name', 'p.5f4e3d2c1b0a', { [half]: 'bytes of a piece' }],
      ['that is too long', 'p.5f4e3d2c1b0a', { [half]: whole.padEnd(65_537) }],
      ['under another name', 'p.5f4e3d2c1b0a', { '.manifest.json.tmp': '{' }],
      ['in a place that trash does not make', 'p', { [half]: '{' }],
    ])('is not passed over %s', (_, place, files) => {
      expect(unexplained(place, files)).toBe(1)
    })
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
