import { retireC1, retirePiece } from '../../hub/retire.js'
import type { Step } from '../step.js'

/** Its copies on the way are not needed any more: the sector and its unsealed copy lie on a storage path. */
export const proving: Step = async (sector, pieces, tools) => {
  const why = `sector ${sector.sector_number} is Proving`
  await retireC1(sector.sector_number, tools.db, tools.dirs, why)
  for (const piece of pieces) await retirePiece(piece, tools.db, tools.dirs, why)
  return { rest: true }
}
