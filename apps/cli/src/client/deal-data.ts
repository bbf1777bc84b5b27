import { existsSync } from 'node:fs'
import { type Cid, parseCid } from '@sealane/actors'
import { paddedSize, toPadded, UnitsError, unpaddedSize } from '@sealane/fil-units'
import { clientDir } from '../connect/run-state.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { type Import, ImportBook } from './import-book.js'
import type { FilePart } from './plan-deals.js'

export interface DealData {
  readonly part: FilePart
  readonly root: Cid
  readonly offline: boolean
}

/** Flags that name a piece whose bytes travel another way. */
export interface ManualPiece {
  manualPieceCid?: string
  manualPieceSize?: string
}

/** What a deal is for: an imported file, a file, or a piece that travels another way. */
export async function dealData(session: Session, o: ManualPiece, text: string): Promise<DealData> {
  const book = new ImportBook(clientDir(session.terminal.env))
  const imported = book.find(text)
  if (o.manualPieceCid !== undefined) {
    if (o.manualPieceSize === undefined) throw usage('must specify piece size when manually setting cid')
    const piece = cidArgument(o.manualPieceCid, 'failed to parse provided manual piece cid')
    const unpadded = unpaddedArgument(o.manualPieceSize)
    const part = {
      path: imported?.path ?? '',
      offset: 0,
      sizeBytes: imported?.sizeBytes ?? Number(unpadded),
      pieceCid: piece,
      pieceSize: toPadded(unpadded),
    }
    return { part, root: cidArgument(text, 'failed to parse dataCid'), offline: true }
  }
  const known = imported ?? (existsSync(text) ? await book.import(text) : undefined)
  if (known === undefined) {
    cidArgument(text, 'failed to parse dataCid')
    throw usage(`no imported file has the root ${text}: sealane client import FILE`)
  }
  return { part: partOf(known), root: parseCid(known.root), offline: false }
}

function partOf(known: Import): FilePart {
  return {
    path: known.path,
    offset: 0,
    sizeBytes: known.sizeBytes,
    pieceCid: parseCid(known.pieceCid),
    pieceSize: paddedSize(BigInt(known.pieceSize)),
  }
}

function cidArgument(text: string, what: string): Cid {
  try {
    return parseCid(text)
  } catch (error) {
    throw usage(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function unpaddedArgument(text: string) {
  try {
    return unpaddedSize(BigInt(natural('manual-piece-size', text)))
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error
    throw usage(
      `manual-piece-size ${text}: ${error.message}; it is the unpadded size, such as 1016 for a piece of 1024`,
    )
  }
}
