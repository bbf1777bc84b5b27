import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { PieceError } from '../piece-error.js'
import { readUvarint } from './uvarint.js'

const sha256Code = 0x12
const dagPbCode = 0x70

/** Bytes of a version 0 CID: sha2-256, 32 bytes long, then the digest. */
const cidV0Bytes = 34

/** Longest digest taken from a CID; the longest hash in use has 64 bytes, identity CIDs carry small blocks. */
const longestDigestBytes = 128

/** The CID at the start of a CAR section, and how many bytes it took. @throws PieceError CAR_SECTION_INVALID */
export function leadingCid(section: Uint8Array): { cid: CID; length: number } {
  if (section[0] === sha256Code && section[1] === 32) {
    if (section.length < cidV0Bytes) throw invalid('its CID is cut')
    return {
      cid: CID.create(0, dagPbCode, createDigest(sha256Code, section.slice(2, cidV0Bytes))),
      length: cidV0Bytes,
    }
  }
  let at = 0
  const next = (): number => {
    const number = readUvarint(section, at)
    if (number === undefined || number === 'malformed') throw invalid('its CID is cut or malformed')
    // What no number holds would be written for ever where the CID is put together.
    if (number.value > Number.MAX_SAFE_INTEGER) throw invalid('its CID names a code that no table has')
    at += number.length
    return number.value
  }
  const version = next()
  if (version !== 1) throw invalid(`its CID has version ${version}`)
  const codec = next()
  const hash = next()
  const digestBytes = next()
  if (digestBytes > longestDigestBytes) throw invalid(`its CID has a digest of ${digestBytes} bytes`)
  const end = at + digestBytes
  if (section.length < end) throw invalid('its CID is cut')
  return { cid: CID.createV1(codec, createDigest(hash, section.slice(at, end))), length: end }
}

function invalid(reason: string): PieceError {
  return new PieceError('CAR_SECTION_INVALID', `a CAR section is refused: ${reason}`)
}
