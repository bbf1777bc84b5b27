import type { Json } from '@sealane/chain'
import { attoFilFromText, formatDuration, formatFil, formatSectorSize } from '@sealane/fil-units'
import { facts } from './facts.js'

/** `devnet info`. What a newer devnet adds is shown as it comes. */
export function devnetText(answer: Json): string {
  const info = answer as { [key: string]: Json | undefined }
  const { Clock, Faucet, Simplified, Head, Followers, SectorSizes, ...rest } = info
  const clock = (Clock ?? {}) as { [key: string]: Json | undefined }
  const faucet = (Faucet ?? {}) as { Address?: string; Balance?: string }
  const head = (Head ?? {}) as { Height?: number; Cid?: { '/'?: string } }
  const followers = (Followers ?? {}) as { Count?: number; Behind?: number }
  const simplified = (Array.isArray(Simplified) ? Simplified : []) as string[]
  return [
    facts([
      ...Object.entries(rest).map(([name, value]) => [name, plain(value)] as const),
      [
        'Sector sizes',
        (Array.isArray(SectorSizes) ? SectorSizes : [])
          .map((size) => formatSectorSize(BigInt(Number(size))))
          .join(', '),
      ],
      ['Head', `${head.Height ?? '?'} ${head.Cid?.['/'] ?? ''}`],
      ['Followers', `${followers.Count ?? 0}, ${followers.Behind ?? 0} behind`],
      [
        'Faucet',
        faucet.Address && `${faucet.Address} with ${formatFil(attoFilFromText(faucet.Balance ?? '0'))}`,
      ],
      ['Clock', `${plain(clock.Mode)}: ${plain(clock.Action)} (${plain(clock.Reason)})`],
      ...holdLines(clock).map((hold) => ['Holding for', hold] as const),
    ]),
    simplified.length === 0
      ? ''
      : `\nSimplified against a real network:\n${simplified.map((line) => `  - ${line}\n`).join('')}`,
  ].join('')
}

/** Whom the clock waits for, one line each. Reads `Devnet.Holds` and the clock of `Devnet.Info`. */
export function holdLines(answer: Json): string[] {
  const { WaitingFor: waiting } = answer as { [key: string]: Json | undefined }
  return (Array.isArray(waiting) ? (waiting as unknown as WaitingFor[]) : []).map(holdText)
}

interface WaitingFor {
  Miner: string
  Deadline: number
  Partitions: number[]
  Close: number
  UsedMs: number
  LimitMs: number
}

function holdText(one: WaitingFor): string {
  const left = formatDuration(Math.max(0, Math.round((one.LimitMs - one.UsedMs) / 1000) * 1000))
  return `the WindowPoSt of ${one.Miner}, deadline ${one.Deadline}, partition ${one.Partitions.join(',')}, due by epoch ${one.Close} (for ${left} more at most)`
}

function plain(value: Json | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '')
}
