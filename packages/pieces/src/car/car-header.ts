import { decode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import { PieceError } from '../piece-error.js'
import type { ByteSource } from './byte-source.js'
import { readUvarint, type Uvarint } from './uvarint.js'

/**
 * Longest header taken, in bytes. go-car allows 32 MiB; a root takes 41 bytes, so this is room for 780 roots, and a
 * hostile length costs nothing.
 */
const longestHeaderBytes = 32 * 1024

/** Bytes of the CARv2 pragma (a CARv1-shaped header that says version 2) and of the fixed header behind it. */
const pragmaBytes = 11
const v2HeaderBytes = 40

/** What a CARv1 header says, or that this is a CARv2 pragma. */
export interface CarHeader {
  version: 1 | 2
  roots: CID[]
}

/** Where a CARv2's CARv1 payload lies, in bytes from the file's start. */
export interface CarV2Layout {
  dataOffset: number
  dataSize: number
}

function invalid(reason: string, cause?: unknown): PieceError {
  return new PieceError('CAR_HEADER_INVALID', `the CAR header is refused: ${reason}`, { cause })
}

/** The length that precedes a header or a section. @throws PieceError CAR_TRUNCATED; undefined when malformed */
export async function takeLength(source: ByteSource): Promise<number | undefined> {
  const bytes: number[] = []
  for (;;) {
    const [byte = 0] = await source.take(1)
    bytes.push(byte)
    const number: Uvarint | undefined | 'malformed' = readUvarint(Uint8Array.from(bytes), 0)
    if (number === 'malformed') return undefined
    if (number !== undefined) return number.value
  }
}

function rootsOf(value: unknown): CID[] {
  // The field's writers leave roots out or write null for "none".
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw invalid('roots is no list')
  return value.map((root: unknown) => {
    const cid = CID.asCID(root)
    if (cid === null) throw invalid('a root is no CID')
    return cid
  })
}

/** Reads a CARv1 header or CARv2 pragma. @throws PieceError CAR_HEADER_INVALID, CAR_TRUNCATED */
export async function takeHeader(source: ByteSource): Promise<CarHeader> {
  const length = await takeLength(source)
  if (length === undefined || length === 0) throw invalid('its length is zero or malformed')
  if (length > longestHeaderBytes) throw invalid(`longer than ${longestHeaderBytes} bytes`)
  const bytes = await source.take(length)
  let header: unknown
  try {
    header = decode(bytes)
  } catch (cause) {
    throw invalid('not DAG-CBOR', cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw invalid('no map')
  const fields = new Map<string, unknown>(Object.entries(header))
  const version = fields.get('version')
  const roots = rootsOf(fields.get('roots'))
  fields.delete('version')
  fields.delete('roots')
  for (const name of fields.keys()) throw invalid(`unknown field ${JSON.stringify(name)}`)
  if (version !== 1 && version !== 2) throw invalid(`invalid car version: ${version ?? 0}`)
  return { version, roots }
}

/** Reads the fixed header that follows a CARv2 pragma. @throws PieceError CAR_HEADER_INVALID, CAR_TRUNCATED */
export async function takeV2Layout(source: ByteSource): Promise<CarV2Layout> {
  const bytes = await source.take(v2HeaderBytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // 16 bytes of characteristics come first; nothing in them changes how data is read.
  const dataOffset = view.getBigInt64(16, true)
  const dataSize = view.getBigInt64(24, true)
  const indexOffset = view.getBigInt64(32, true)
  const largest = BigInt(Number.MAX_SAFE_INTEGER)
  if (dataOffset < pragmaBytes + v2HeaderBytes || dataOffset > largest) {
    throw invalid(`invalid data payload offset: ${BigInt.asUintN(64, dataOffset)}`)
  }
  if (dataSize <= 0n || dataSize > largest) {
    throw invalid(`invalid data payload size: ${BigInt.asUintN(64, dataSize)}`)
  }
  if (indexOffset < 0n) throw invalid(`invalid index offset: ${BigInt.asUintN(64, indexOffset)}`)
  return { dataOffset: Number(dataOffset), dataSize: Number(dataSize) }
}
