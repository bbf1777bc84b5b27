import { createHash } from 'node:crypto'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { CID } from 'multiformats/cid'
import { describe, expect, it } from 'vitest'
import { blockMatchesCid, PieceError, readCar } from '../src/index.js'

const recorded = recordedCases(import.meta.filename, 'car.json')

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

interface CarCase extends RecordedCase {
  car: string
  ok: boolean
  read: {
    version?: number
    roots?: string[]
    blocks?: { cid: string; length: number; sha256: string }[]
    blocks_before_error?: number
  }
  inspect?: { block_count: number; roots_present: boolean }
}
interface IndexCase extends RecordedCase {
  car_v1: string
  ok: boolean
  entries_in_iteration_order: { multihash: string; offset: number }[] | null
}
interface UnixFsCase extends RecordedCase {
  root: string
  root_block: string
  blocks_in_write_order: { cid: string; hex: string }[]
}

/** A CAR read to its end or its first error, handed over in chunks of `chunkBytes`. */
async function readAll(car: Uint8Array, chunkBytes: number) {
  const chunks = Array.from({ length: Math.ceil(car.length / chunkBytes) }, (_, at) =>
    car.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  )
  const blocks: { cid: CID; bytes: Uint8Array; sectionOffset: number }[] = []
  let header: { version: number; roots: string[] } | undefined
  try {
    const reading = await readCar(chunks)
    header = { version: reading.version, roots: reading.roots.map(String) }
    for await (const block of reading.blocks) blocks.push(block)
    return { ok: true, header, blocks }
  } catch (error) {
    if (!(error instanceof PieceError)) throw error
    return { ok: false, header, blocks }
  }
}

/** Identity CIDs are their own data: an index leaves them out. */
const identityCode = 0

const checks: Record<string, (c: never) => Promise<void>> = {
  car: async (c: CarCase) => {
    for (const chunkBytes of [1, 7, 1 << 20]) {
      const { ok, header, blocks } = await readAll(bytesOf(c.car), chunkBytes)
      expect(ok).toBe(c.ok)
      if (c.read.version !== undefined) {
        expect(header).toEqual({ version: c.read.version, roots: c.read.roots })
      }
      if (!c.ok) {
        expect(blocks.length).toBe(c.read.blocks_before_error ?? 0)
        continue
      }
      const seen = blocks.map(({ cid, bytes }) => ({
        cid: cid.toString(),
        length: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }))
      expect(seen).toEqual(c.read.blocks)
      if (c.inspect !== undefined) {
        expect(blocks.length).toBe(c.inspect.block_count)
        const present = new Set(seen.map((block) => block.cid))
        expect(header?.roots.every((root) => present.has(root))).toBe(c.inspect.roots_present)
      }
    }
  },
  index: async (c: IndexCase) => {
    const { ok, blocks } = await readAll(bytesOf(c.car_v1), 1 << 20)
    expect(ok).toBe(c.ok)
    const entries = blocks
      .filter(({ cid }) => cid.multihash.code !== identityCode)
      .map(({ cid, sectionOffset }) => ({ multihash: hex(cid.multihash.bytes), offset: sectionOffset }))
    const byOffset = (a: { offset: number }, b: { offset: number }) => a.offset - b.offset
    expect(entries.toSorted(byOffset)).toEqual((c.entries_in_iteration_order ?? []).toSorted(byOffset))
  },
  unixfs_file: async (c: UnixFsCase) => {
    for (const block of c.blocks_in_write_order) {
      expect(blockMatchesCid(CID.parse(block.cid), bytesOf(block.hex))).toBe(true)
    }
    expect(c.blocks_in_write_order.at(-1)?.cid).toBe(c.root)
  },
  unixfs_dir: async (c: UnixFsCase) => {
    expect(blockMatchesCid(CID.parse(c.root), bytesOf(c.root_block))).toBe(true)
  },
}

describe.each(Object.entries(checks))('%s, as recorded', (kind, check) => {
  it.each(recorded(kind).map((c, at) => [at, c.name ?? '', c] as const))('%i %s', (_at, _name, c) =>
    check(c as never),
  )
})
