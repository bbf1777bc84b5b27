import type { SectorLocation, SectorOnChainInfo } from '@sealane/chain'
import { formatFil } from '@sealane/fil-units'
import { type ChainClock, epochTimeStamped } from './clock-time.js'

/** `state sector`. Source: filecoin-project/lotus cli/state.go, as recorded. */
export function chainSectorText(
  info: SectorOnChainInfo,
  location: SectorLocation | undefined,
  o: { clock: ChainClock | undefined; dealIds: readonly number[] | undefined },
): string {
  return [
    `SectorNumber:  ${info.sectorNumber}`,
    `SealProof:  ${info.sealProof}`,
    `SealedCID:  ${info.sealedCid}`,
    ...(info.sectorKeyCid === undefined ? [] : [`SectorKeyCID:  ${info.sectorKeyCid}`]),
    '',
    `Activation:  ${epochTimeStamped(o.clock, info.activation)}`,
    `Expiration:  ${epochTimeStamped(o.clock, info.expiration)}`,
    '',
    `DealWeight:  ${info.dealWeight}`,
    `VerifiedDealWeight:  ${info.verifiedDealWeight}`,
    `InitialPledge:  ${formatFil(info.initialPledge)}`,
    '',
    'DealIDs (deprecated): []',
    // Only home knows which deals it put into a sector; the chain's index is not open to this call.
    ...(o.dealIds === undefined ? [] : [`DealIDs (market): [${o.dealIds.join(' ')}]`]),
    ...(location === undefined
      ? []
      : [`Deadline:  ${location.deadline}`, `Partition:  ${location.partition}`]),
    '',
  ].join('\n')
}
