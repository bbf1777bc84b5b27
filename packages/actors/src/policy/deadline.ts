import { blake2b256 } from '@sealane/crypto'
import { type ChainEpoch, epoch } from '@sealane/fil-units'
import { type Address, address } from '../address.js'
import type { NetworkPolicy } from './network-policy.js'
import { PolicyError } from './policy-error.js'
import { type QuantSpec, quantizeDown } from './quantize.js'

/** The numbers deadline arithmetic needs of a {@link NetworkPolicy}. */
export type DeadlinePolicy = Pick<
  NetworkPolicy,
  | 'provingPeriod'
  | 'challengeWindow'
  | 'periodDeadlines'
  | 'challengeLookback'
  | 'faultDeclarationCutoff'
  | 'disputeWindow'
>

/** One deadline of one proving period, seen from an epoch. All epochs; `close` is exclusive. */
export interface DeadlineInfo {
  currentEpoch: ChainEpoch
  periodStart: ChainEpoch
  index: number
  open: ChainEpoch
  close: ChainEpoch
  /** Epoch whose beacon randomness is the challenge. */
  challenge: ChainEpoch
  /** First epoch at which faults and recoveries for this deadline are refused. */
  faultCutoff: ChainEpoch
}

/** Deadline `index` of the period starting at `periodStart`. Source: go-state-types dline/deadline.go NewInfo */
export function deadlineInfo(
  policy: DeadlinePolicy,
  periodStart: ChainEpoch,
  index: number,
  currentEpoch: ChainEpoch,
): DeadlineInfo {
  if (index >= policy.periodDeadlines) {
    // Past the last deadline: everything is where the next period begins.
    const after = epoch(periodStart + policy.provingPeriod)
    return {
      currentEpoch,
      periodStart,
      index,
      open: after,
      close: after,
      challenge: after,
      faultCutoff: epoch(0),
    }
  }
  const open = periodStart + index * policy.challengeWindow
  return {
    currentEpoch,
    periodStart,
    index,
    open: epoch(open),
    close: epoch(open + policy.challengeWindow),
    challenge: epoch(open - policy.challengeLookback),
    faultCutoff: epoch(open - policy.faultDeclarationCutoff),
  }
}

/** The deadline an epoch falls in, from a miner's period offset: right also when its cron does not run. */
export function deadlineAt(policy: DeadlinePolicy, offset: ChainEpoch, at: ChainEpoch): DeadlineInfo {
  const periodStart = provingPeriodStart(policy, offset, at)
  return deadlineInfo(policy, periodStart, Math.floor((at - periodStart) / policy.challengeWindow), at)
}

/** Start of the proving period that `at` lies in; may be negative on a young chain. */
export function provingPeriodStart(policy: DeadlinePolicy, offset: ChainEpoch, at: ChainEpoch): ChainEpoch {
  return quantizeDown(at, { unit: policy.provingPeriod, offset })
}

/**
 * A new miner's proving period offset: the first 8 bytes of blake2b-256(CBOR of its ID address ‖ creation epoch), modulo
 * the period. Source: builtin-actors miner/src/lib.rs assign_proving_period_offset
 */
export function provingPeriodOffset(
  policy: DeadlinePolicy,
  miner: Address,
  creationEpoch: ChainEpoch,
): ChainEpoch {
  const encoded = address.encode(miner)
  const input = new Uint8Array(encoded.length + 8)
  input.set(encoded)
  new DataView(input.buffer).setBigInt64(encoded.length, BigInt(creationEpoch))
  const digest = blake2b256(input)
  const seed = new DataView(digest.buffer, digest.byteOffset).getBigUint64(0)
  return epoch(Number(seed % BigInt(policy.provingPeriod)))
}

export function isOpen(d: DeadlineInfo): boolean {
  return d.open <= d.currentEpoch && d.currentEpoch < d.close
}

export function hasElapsed(d: DeadlineInfo): boolean {
  return d.currentEpoch >= d.close
}

export function periodStarted(d: DeadlineInfo): boolean {
  return d.currentEpoch >= d.periodStart
}

export function periodElapsed(policy: DeadlinePolicy, d: DeadlineInfo): boolean {
  return d.currentEpoch >= nextPeriodStart(policy, d)
}

export function faultCutoffPassed(d: DeadlineInfo): boolean {
  return d.currentEpoch >= d.faultCutoff
}

/** Last epoch in which the deadline is open: its cron runs at the end of it. */
export function lastEpoch(d: DeadlineInfo): ChainEpoch {
  return epoch(d.close - 1)
}

/** Last epoch of the period. */
export function periodEnd(policy: DeadlinePolicy, d: DeadlineInfo): ChainEpoch {
  return epoch(d.periodStart + policy.provingPeriod - 1)
}

export function nextPeriodStart(policy: DeadlinePolicy, d: DeadlineInfo): ChainEpoch {
  return epoch(d.periodStart + policy.provingPeriod)
}

/** The next time this deadline comes round that has not closed yet: itself, or the one in a later period. */
export function nextNotElapsed(policy: DeadlinePolicy, d: DeadlineInfo): DeadlineInfo {
  if (!hasElapsed(d)) return d
  const periods = 1 + Math.floor((d.currentEpoch - d.close) / policy.provingPeriod)
  return deadlineInfo(policy, epoch(d.periodStart + periods * policy.provingPeriod), d.index, d.currentEpoch)
}

/** The grid on which a deadline's expirations and clean-ups fall: its last epoch in every period. */
export function quantSpecFor(policy: DeadlinePolicy, d: DeadlineInfo): QuantSpec {
  return { unit: policy.provingPeriod, offset: lastEpoch(d) }
}

/**
 * Whether sectors may be added to or moved in a deadline now: not within a challenge window of its next opening.
 * Source: builtin-actors miner/src/deadlines.rs deadline_is_mutable
 */
export function deadlineIsMutable(
  policy: DeadlinePolicy,
  periodStart: ChainEpoch,
  index: number,
  at: ChainEpoch,
): boolean {
  const next = nextNotElapsed(policy, deadlineInfo(policy, periodStart, index, at))
  return at < next.open - policy.challengeWindow
}

/** How full a deadline is: sectors not terminated, and all sectors ever put there since the last compaction. */
export interface DeadlineLoad {
  liveSectors: number
  totalSectors: number
}

/**
 * Which deadline each of `count` new sectors goes to.
 *
 * Order: fewest partitions after compaction, fewest partitions, a started partition before a new one, the fullest
 * started one, fewest live sectors, lowest index. Source: builtin-actors miner/src/deadline_assignment.rs
 * @param deadlines by index; undefined where the deadline is not mutable now
 * @returns deadline indexes, one per sector, in the order the sectors were given
 * @throws PolicyError `NO_DEADLINE` when none is mutable or all are full
 */
export function assignDeadlines(
  policy: Pick<NetworkPolicy, 'partitionsPerDeadlineMax'>,
  partitionSectors: number,
  deadlines: readonly (DeadlineLoad | undefined)[],
  count: number,
): number[] {
  const candidates = deadlines.flatMap((load, index) => (load === undefined ? [] : [{ index, ...load }]))
  const assigned: number[] = []
  for (let i = 0; i < count; i++) {
    const best = candidates.reduce<Candidate | undefined>(
      (least, next) => (least === undefined || compare(next, least, partitionSectors) < 0 ? next : least),
      undefined,
    )
    if (best === undefined) throw new PolicyError('NO_DEADLINE', 'no deadline can take sectors now')
    if (best.totalSectors >= partitionSectors * policy.partitionsPerDeadlineMax) {
      throw new PolicyError(
        'NO_DEADLINE',
        `max partitions limit ${policy.partitionsPerDeadlineMax} reached for all deadlines`,
      )
    }
    best.liveSectors += 1
    best.totalSectors += 1
    assigned.push(best.index)
  }
  return assigned
}

interface Candidate extends DeadlineLoad {
  index: number
}

function compare(a: Candidate, b: Candidate, partitionSectors: number): number {
  const partitionsWith = (sectors: number) => Math.ceil((sectors + 1) / partitionSectors)
  const full = (c: Candidate) => (c.totalSectors % partitionSectors === 0 ? 1 : 0)
  const fullest = full(a) === 0 && full(b) === 0 ? b.totalSectors - a.totalSectors : 0
  return (
    partitionsWith(a.liveSectors) - partitionsWith(b.liveSectors) ||
    partitionsWith(a.totalSectors) - partitionsWith(b.totalSectors) ||
    full(a) - full(b) ||
    fullest ||
    a.liveSectors - b.liveSectors ||
    a.index - b.index
  )
}
