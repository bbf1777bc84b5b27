import { multiaddr } from '@multiformats/multiaddr'
import { type Address, formatAddress } from '@sealane/actors'
import type { DeadlineInfo, MinerInfo, MinerPower } from '@sealane/chain'
import { type AttoFil, formatDecimal, formatDurationInWords, formatFil, formatSize } from '@sealane/fil-units'
import { share } from './power-text.js'

export interface MinerView {
  readonly info: MinerInfo
  readonly power: MinerPower
  readonly available: AttoFil
  readonly deadline: DeadlineInfo
}

/** `state miner-info`. Source: S19 of the operator notes; filecoin-project/lotus cli/state.go, as recorded. */
export function minerInfoText(
  { info, power, available, deadline }: MinerView,
  o: { prefix: 'f' | 't'; blockDelaySeconds: number },
): string {
  const shown = (address: Address) => formatAddress(address, o.prefix)
  const { minerPower: own, totalPower: all } = power
  const ago = (deadline.currentEpoch - deadline.periodStart) * o.blockDelaySeconds * 1000
  const start =
    ago === 0
      ? 'now'
      : ago > 0
        ? `${formatDurationInWords(ago, 2)} ago`
        : `in ${formatDurationInWords(-ago, 2)}`
  return [
    `Available Balance: ${formatFil(available)}`,
    `Owner:\t${shown(info.owner)}`,
    `Worker:\t${shown(info.worker)}`,
    ...info.controlAddresses.map((control, index) => `Control ${index}: \t${shown(control)}`),
    `Beneficiary:\t${shown(info.beneficiary)}`,
    `PeerID:\t${info.peerId ?? '<nil>'}`,
    `Multiaddrs:\t${info.multiaddrs.map((bytes) => `${multiaddrText(bytes)} `).join('')}`,
    `Consensus Fault End:\t${info.consensusFaultElapsed}`,
    `SectorSize:\t${formatSize(info.sectorSize)} (${info.sectorSize})`,
    `Byte Power:   ${formatSize(own.rawBytePower)} / ${formatSize(all.rawBytePower)} (${share(own.rawBytePower, all.rawBytePower)})`,
    `Actual Power: ${formatDecimal(own.qualityAdjPower)} / ${formatDecimal(all.qualityAdjPower)} (${share(own.qualityAdjPower, all.qualityAdjPower)})`,
    '',
    `Proving Period Start:\t${deadline.periodStart} (${start})`,
    '',
  ].join('\n')
}

/** Addresses on chain are whatever their miner wrote. */
export function multiaddrText(bytes: Uint8Array): string {
  try {
    return multiaddr(bytes).toString()
  } catch {
    return `<not a multiaddr: ${Buffer.from(bytes).toString('hex')}>`
  }
}

/** `state power`: quality-adjusted, `102400(100 KiB) / 102400(100 KiB) ~= 100.0000%`. */
export function powerText({ minerPower, totalPower }: MinerPower, ofMiner: boolean): string {
  const shown = (bytes: bigint) => `${bytes}(${formatSize(bytes)})`
  const all = totalPower.qualityAdjPower
  if (!ofMiner) return `${shown(all)}\n`
  return `${shown(minerPower.qualityAdjPower)} / ${shown(all)} ~= ${share(minerPower.qualityAdjPower, all)}\n`
}
