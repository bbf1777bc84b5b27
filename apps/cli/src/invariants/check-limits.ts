import type { Facts } from './facts.js'
import type { Report } from './violation.js'

/** P5. Every admission in the limits' log was within the limit of its moment, and the counters are what the log and the rows say. */
export function checkLimits({ sealer }: Facts, report: Report): void {
  if (sealer === undefined) return
  const inFlight = new Set<number>()
  for (const line of sealer.limitsLog) {
    const { event, sector_number } = line
    if (event === 'dealSectorAdmitted' && sector_number !== null) {
      if (inFlight.has(sector_number))
        report('admitted twice', `sector ${sector_number} took a second place`, line)
      inFlight.add(sector_number)
      if (inFlight.size > line.deal_concurrent)
        report(
          'over the limit',
          `${inFlight.size} deal sectors in flight, ${line.deal_concurrent} allowed`,
          line,
          {
            inFlight: [...inFlight],
          },
        )
    }
    if (event === 'placeFreed' && sector_number !== null) inFlight.delete(sector_number)
    if (line.in_flight_deals !== inFlight.size)
      report('wrong count', `the counter said ${line.in_flight_deals}, the log ${inFlight.size}`, line, {
        inFlight: [...inFlight],
      })
  }
  if (sealer.limits.in_flight_deals !== inFlight.size)
    report(
      'wrong count',
      `the counter says ${sealer.limits.in_flight_deals}, its log ${inFlight.size}`,
      sealer.limits,
      {
        inFlight: [...inFlight],
      },
    )
  const counted = sealer.sectors.filter((sector) => sector.counted === 1)
  if (counted.length !== sealer.limits.in_flight)
    report(
      'wrong count',
      `${counted.length} sectors hold a place, the counter says ${sealer.limits.in_flight}`,
      sealer.limits,
      ...counted,
    )
  const proofs = new Set(
    sealer.history
      .filter(({ event }) => event === 'commit2Done' || event === 'removed')
      .map(({ subject }) => subject),
  )
  for (const sector of sealer.sectors) {
    if (sector.kind === 'deal' && sector.counted === 0 && !proofs.has(String(sector.sector_number)))
      report(
        'freed early',
        `sector ${sector.sector_number} gave its place back before its ProveCommit proof existed`,
        sector,
      )
  }
}
