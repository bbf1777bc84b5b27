import { expect, it } from 'vitest'
import { parseSectorManifest } from './sector-manifest.js'

const manifest = {
  minerId: 1000,
  sectorNumber: 1,
  sectorSize: 2048,
  prover: 'real',
  ticket: 'ab'.repeat(32),
  ticketEpoch: -730,
  pieces: [{ commP: 'cd'.repeat(32), paddedSize: '2048', offset: '0', filler: true, pieceCid: null }],
  commD: 'ef'.repeat(32),
}

it('reads what the worker wrote', () => {
  expect(parseSectorManifest(JSON.stringify(manifest), 'm.json')).toEqual(manifest)
})

it.each([
  ['torn', JSON.stringify(manifest).slice(0, 80)],
  ['empty', ''],
  ['null', 'null'],
  ['of no ticket', JSON.stringify({ ...manifest, ticket: undefined })],
  [
    'of a size that is none',
    JSON.stringify({ ...manifest, pieces: [{ ...manifest.pieces[0], paddedSize: '1e3' }] }),
  ],
])('parks a sector whose manifest is %s, and names the file', (_what, text) => {
  expect(() => parseSectorManifest(text, '/data/manifests/s-t01000-1.json')).toThrow(
    expect.objectContaining({
      code: 'MANIFEST_WRONG',
      remedy: 'hold',
      message: expect.stringContaining('s-t01000-1.json'),
    }),
  )
})
