import type { Facts } from './facts.js'
import type { Report } from './violation.js'

/** P3. A number is given once, by the miner, to one sector; files and chain hold no other. */
export function checkSectorNumbers({ miner, sealer, chain, storage }: Facts, report: Report): void {
  const given = new Set(miner?.sectorNumbers.map((one) => one.sector_number))
  const asked = new Map<number, string>()
  for (const request of miner?.numberRequests ?? []) {
    for (const number of JSON.parse(request.numbers) as number[]) {
      const before = asked.get(number)
      if (before !== undefined)
        report('number given twice', `sector number ${number} answers two requests`, {
          number,
          requests: [before, request.request_id],
        })
      asked.set(number, request.request_id)
      if (!given.has(number))
        report('number forgotten', `sector number ${number} was given away, and may be given again`, request)
    }
  }
  if (miner !== undefined) {
    for (const sector of sealer?.sectors ?? []) {
      if (!given.has(sector.sector_number))
        report(
          'number of nobody',
          `sector ${sector.sector_number} has a number that the miner did not give`,
          sector,
        )
    }
    // Lower ones may be from before this miner app took over.
    const first = Math.min(...given)
    for (const number of chain?.allocated ?? []) {
      if (number >= first && !given.has(number))
        report(
          'number forgotten',
          `sector number ${number} is used on chain, and the miner may give it again`,
          { number },
        )
    }
  }
  const rows = new Map(sealer?.sectors.map((sector) => [sector.sector_number, sector]))
  const places = new Map<number, string[]>()
  for (const path of storage ?? []) {
    for (const number of path.sectors.sealed) places.set(number, [...(places.get(number) ?? []), path.path])
  }
  for (const [number, paths] of places) {
    if (paths.length > 1)
      report('two sealed files', `sector ${number} has sealed files on ${paths.length} paths`, {
        number,
        paths,
      })
    if (sealer !== undefined && !rows.has(number))
      report('file of nobody', `the sealed file of sector ${number} belongs to no row`, { number, paths })
  }
  if (sealer === undefined) return
  for (const { sectorNumber, commR } of chain?.sectors ?? []) {
    const row = rows.get(sectorNumber)
    if (row === undefined && given.has(sectorNumber))
      report('sector lost', `sector ${sectorNumber} is on chain, and home has no row for it`, {
        sectorNumber,
        commR,
      })
    else if (row !== undefined && row.comm_r !== null && row.comm_r !== commR)
      report('number used again', `sector ${sectorNumber} has another CommR on chain`, row, {
        sectorNumber,
        commR,
      })
  }
}
