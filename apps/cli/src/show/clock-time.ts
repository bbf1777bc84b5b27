import type { ChainPort } from '@sealane/chain'
import { type ChainEpoch, epoch, formatDurationInWords, formatEpochTime } from '@sealane/fil-units'

/** Where the chain stands, and how long its epochs are: what turns an epoch into a time. */
export interface ChainClock {
  readonly head: ChainEpoch
  /** Of the head's earliest block. Unix seconds. */
  readonly headSeconds: number
  readonly blockDelaySeconds: number
}

export async function chainClock(chain: ChainPort): Promise<ChainClock> {
  const [head, params] = await Promise.all([chain.head(), chain.networkParams()])
  return { head: head.height, headSeconds: head.timestamp, blockDelaySeconds: params.blockDelaySeconds }
}

/** `7078 (54 seconds ago)`; the bare epoch when the chain is not known. */
export function epochTime(clock: ChainClock | undefined, at: number): string {
  return clock === undefined ? `${at}` : formatEpochTime(clock.head, epoch(at), clock.blockDelaySeconds)
}

/** `6418 (22 Nov 26 15:10 UTC, 11 minutes 54 seconds ago)`. Source: filecoin-project/lotus cli/util/epoch.go (EpochTimeTs). */
export function epochTimeStamped(clock: ChainClock | undefined, at: number): string {
  if (clock === undefined) return `${at}`
  const when = rfc822Local(epochSeconds(clock, at))
  if (at === clock.head) return `${at} (${when}, now)`
  const words = formatDurationInWords(Math.abs(at - clock.head) * clock.blockDelaySeconds * 1000, 2)
  return at < clock.head ? `${at} (${when}, ${words} ago)` : `${at} (${when}, in ${words})`
}

/** Unix seconds at which an epoch begins, counted from the head. */
export function epochSeconds(clock: ChainClock, at: number): number {
  return clock.headSeconds + (at - clock.head) * clock.blockDelaySeconds
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `Nov 22 15:22:02`, `Jan  2 15:04:05`: local time as Go's time.Stamp. */
export function stamp(unixMs: number): string {
  const at = new Date(unixMs)
  return `${months[at.getMonth()]} ${String(at.getDate()).padStart(2)} ${timeOnly(unixMs)}`
}

/** `15:10:18`, local. */
export function timeOnly(unixMs: number): string {
  const at = new Date(unixMs)
  return [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
}

/** `2026-11-22 13:26:10 +0000 UTC`: as Go prints a time in UTC. */
export function goTime(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`
}

/** `3m12s`, `5s`, `2h0m0s`: how long something has been so. */
export function since(nowMs: number, thenMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - thenMs) / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}

/** `22 Nov 26 15:10 UTC`: local time, with its zone's short name where there is one. */
function rfc822Local(unixSeconds: number): string {
  const at = new Date(unixSeconds * 1000)
  const zone = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' })
    .formatToParts(at)
    .find((part) => part.type === 'timeZoneName')?.value
  return `${two(at.getDate())} ${months[at.getMonth()]} ${two(at.getFullYear() % 100)} ${two(at.getHours())}:${two(at.getMinutes())} ${zone ?? ''}`.trim()
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
