import type { Facts, StoragePath } from './facts.js'
import type { Report } from './violation.js'

/** What left service this long ago may have been purged. Unit: ms. */
const keptMs = 24 * 3600 * 1000

/** P7. What left service lies in the trash of its volume, each thing with a manifest of whence and why; what serves is there. */
export function checkFiles({ provider, sealer, storage, nowMs }: Facts, report: Report): void {
  for (const [where, trash] of [
    ['the provider’s staging', provider?.trash],
    ['the sealer', sealer?.trash],
    ...(storage ?? []).map((path) => [path.path, path.trash] as const),
  ] as const) {
    for (const place of trash?.unexplained ?? [])
      report('unexplained', `the trash of ${where} holds a thing that does not say whence and why`, { place })
  }
  for (const deal of provider?.deals ?? []) {
    const moved = provider?.transfers.some((one) => one.deal_uuid === deal.deal_uuid && one.state === 'Done')
    const name = `${deal.deal_uuid}.piece`
    if (moved !== true || deal.offline === 1 || nowMs - deal.state_since_ms > keptMs) continue
    if (deal.staged === 1 && provider?.staged.includes(name) === false)
      report('file gone', `deal ${deal.deal_uuid} is staged, and its file is not`, deal)
    if (deal.staged === 0 && provider?.trash.names.has(name) === false)
      report('deleted', `the staged copy of ${deal.deal_uuid} left service and is not in the trash`, deal)
  }
  for (const piece of sealer?.pieces ?? []) {
    const name = `${piece.piece_cid}-${piece.payload_size}`
    const here = sealer?.files.includes(name) === true
    const wanted = ['Home', 'Publishing', 'Published', 'InSector'].includes(piece.state)
    if (wanted && !here)
      report(
        'file gone',
        `the piece of deal ${piece.deal_uuid} is ${piece.state}, and its file is not at home`,
        piece,
      )
    if (
      piece.state === 'Sealed' &&
      !here &&
      nowMs - piece.state_since_ms <= keptMs &&
      sealer?.trash.names.has(name) === false
    )
      report(
        'deleted',
        `the piece file of deal ${piece.deal_uuid} left service and is not in the trash`,
        piece,
      )
  }
  if (storage !== undefined && storage.length > 0) checkStorage({ sealer, nowMs }, storage, report)
}

function checkStorage(
  { sealer, nowMs }: Pick<Facts, 'sealer' | 'nowMs'>,
  storage: readonly StoragePath[],
  report: Report,
): void {
  for (const sector of sealer?.sectors ?? []) {
    if (sector.state !== 'Proving') continue
    const number = sector.sector_number
    const kinds = ['sealed', 'cache', 'manifests'] as const
    const whole = storage.filter((path) => kinds.every((kind) => path.sectors[kind].includes(number)))
    if (whole.length !== 1)
      report(
        'file gone',
        `sector ${number} is Proving, and its files are whole on ${whole.length} paths`,
        sector,
      )
  }
  for (const claim of sealer?.claims ?? []) {
    const made = claim.state === 'completed' && (claim.task === 'pc1' || claim.task === 'pc2')
    const path = storage.find((one) => one.id === claim.storage_id)
    if (!made || path === undefined || nowMs - claim.started_ms > keptMs) continue
    if (!path.claims.includes(claim.claim_id) && !path.trash.names.has(claim.claim_id))
      report('deleted', `what claim ${claim.claim_id} wrote is neither in service nor in the trash`, claim)
  }
}
