import { formatDuration } from '@sealane/fil-units'
import type { Reachability } from '@sealane/proto'

/** One address of the provider, dialled from here. */
export type Dialled = { address: string } & ({ tookMs: number } | { failure: string })

/** What differs between what the chain tells clients and what runs; undefined when nothing does or it is not known. */
export function onChainDiffers({ onChain, peerId, addresses }: Reachability): string | undefined {
  if (onChain === null) return undefined
  if (onChain.peerId !== peerId) return `peer id ${onChain.peerId ?? 'none'}: run "sealane actor set-peer-id"`
  const told = onChain.addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, '')).sort()
  if (told.join() === [...addresses].sort().join()) return undefined
  return `${told.length === 0 ? 'no address' : told.join(' ')}: run "sealane actor set-addrs"`
}

/** `net reachability`: lotus’ lines, and below them what it rests on. */
export function reachabilityText(
  found: Reachability,
  dialled: readonly Dialled[] | undefined,
  nowMs: number,
): string {
  const { status, addresses, lastFromOutside: last } = found
  const differs = onChainDiffers(found)
  return [
    `AutoNAT status:  ${status}`,
    ...(status === 'Public' ? [`Public address: [${addresses.join(' ')}]`] : []),
    last === null
      ? 'From outside:    nobody since the provider started'
      : `From outside:    ${last.peerId} at ${last.ip}, ${formatDuration(Math.floor((nowMs - last.atMs) / 1000) * 1000)} ago`,
    `On chain:        ${
      found.onChain === null
        ? 'not known: no chain node answers, or no miner yet'
        : (differs ?? 'the same peer id and addresses')
    }`,
    ...(dialled ?? []).map(
      (one) =>
        `Dialled:         ${one.address}  ${'tookMs' in one ? formatDuration(Math.round(one.tookMs)) : one.failure}`,
    ),
    '',
  ].join('\n')
}
