import type { NetworkPolicy } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import { type AttoFil, attoFil, formatFil, paddedSize, parseFil } from '@sealane/fil-units'

/** What each key should have before anything starts, and what goes into market escrow. attoFIL. */
export interface FundingPlan {
  readonly targets: Readonly<Record<'worker' | 'control-post' | 'client', AttoFil>>
  readonly escrow: Readonly<Record<'provider' | 'client', AttoFil>>
}

/** The embedded devnet's: its deposits and pledges are a few thousandths of a FIL, and its faucet is generous. */
export const devnetPlan = {
  owner: parseFil('100'),
  targets: { worker: parseFil('50'), 'control-post': parseFil('20'), client: parseFil('10') },
  escrow: { provider: parseFil('2'), client: parseFil('2') },
} as const satisfies FundingPlan & { owner: AttoFil }

/** What all messages of one sector may cost in gas: the fee caps of PreCommit, ProveCommit and publishing. Source: docs/generated/config-miner.md. */
const gasOfSector = parseFil('0.125')
/** What a key keeps for gas of its own messages. */
const gasOfKey = parseFil('0.2')

/** What a run of so many deals costs on a chain, at its prices of today, doubled where they move. */
export async function fundingPlan(
  chain: ChainPort,
  o: { policy: NetworkPolicy; sectorSize: number; deals: number; dealEpochs: number },
): Promise<FundingPlan & { needs: AttoFil; what: string }> {
  const [deposit, pledge, bounds] = await Promise.all([
    chain.creationDeposit(),
    chain.initialPledge({
      durationEpochs: o.policy.minSectorExpiration,
      sectorSize: BigInt(o.sectorSize),
    }),
    chain.collateralBounds(paddedSize(BigInt(o.sectorSize)), false),
  ])
  const sectors = BigInt(o.deals)
  const provider = attoFil(bounds.min * 2n * sectors + parseFil('0.01'))
  // 0.0000000005 FIL per GiB and epoch is Boost's default ask; doubled.
  const bytes = BigInt(o.sectorSize) * sectors
  const client = attoFil((1_000_000_000n * bytes * BigInt(o.dealEpochs)) / 2n ** 30n + parseFil('0.01'))
  const sealing = attoFil(sectors * (pledge * 2n + gasOfSector))
  const targets = {
    worker: roundedUp(sealing + provider + gasOfKey),
    'control-post': parseFil('0.5'),
    client: roundedUp(client + gasOfKey),
  }
  const creation = roundedUp((deposit * 11n) / 10n)
  const needs = roundedUp(creation + targets.worker + targets['control-post'] + targets.client + gasOfKey)
  const what = `${formatFil(creation)} to create the miner, ${formatFil(roundedUp(sealing))} for ${o.deals} sector${o.deals === 1 ? '' : 's'}, the rest for escrow and gas`
  return { targets, escrow: { provider, client }, needs, what }
}

/** To a thousandth of a FIL: amounts that a person reads. */
function roundedUp(amount: bigint): AttoFil {
  const step = 10n ** 15n
  return attoFil(((amount + step - 1n) / step) * step)
}
