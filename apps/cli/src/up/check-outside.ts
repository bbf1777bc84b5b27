import { formatAddress, keyAddress } from '@sealane/actors'
import { createChainClient } from '@sealane/chain'
import { type KeyInfo, publicKey } from '@sealane/crypto'
import type { FilePart } from '../client/plan-deals.js'
import { DURATION_EPOCHS } from './deal-terms.js'
import { type FundingPlan, fundingPlan } from './funding-plan.js'
import { checkFunds, checkKeys, checkSectors, type OtherChain } from './other-chain.js'
import { readOwnerKey } from './owner-key.js'
import type { OutsideChain } from './stack.js'
import { knownChain, type Places, type StateChain } from './state-dir.js'
import { bar, type Teller } from './teller.js'
import type { UpOptions } from './up-options.js'
import { schedule } from './wall-time.js'

/** Another chain that is fit for this run, and what the run needs on it. */
export interface Outside extends OutsideChain {
  state: StateChain
  key: KeyInfo
  plan: FundingPlan
}

/**
 * Sees that a run can end well on another chain before anything is made or spent there: sector size, prover, proof parameters, the
 * funded key. Throws CliError with one line that says what is wrong and what to do.
 */
export async function checkOutside(o: {
  options: UpOptions
  other: OtherChain
  places: Places
  sectorSize: number
  parts: readonly FilePart[]
  teller: Teller
  signal: AbortSignal
}): Promise<Outside> {
  const { options, other, sectorSize, teller, signal } = o
  const { chain: given, prover } = options
  if (!given) throw new TypeError('no other chain was asked for')
  await checkSectors(other, { sectorSize, prover })
  const key = readOwnerKey(given.keyFile)
  const keySet = await checkKeys(other, {
    directory: given.paramsDir,
    sectorSize,
    prover,
    signal,
    progress: (stage, fraction) => teller.status(`${stage} ${bar(fraction)}`),
  })
  const { networkName, genesis, policy } = other
  const owner = formatAddress(keyAddress(key.type, publicKey(key)), policy.addressPrefix)
  const chain = createChainClient({ nodes: other.nodes })
  try {
    const deals = options.deals ?? o.parts.length
    const plan = await fundingPlan(chain, { policy, sectorSize, deals, dealEpochs: DURATION_EPOCHS })
    // A state that goes on has paid for its miner; what it still lacks, its messages say.
    const goesOn = !options.fresh && knownChain(o.places)?.genesis === genesis
    if (!goesOn) {
      await checkFunds(chain, {
        owner: key,
        needs: plan.needs,
        prefix: policy.addressPrefix,
        what: plan.what,
      })
    }
    const { nodes, readOnlyNodes } = other
    teller.tell(
      {
        event: 'chain',
        network: networkName,
        owner,
        keySet: keySet.name,
        blockDelaySeconds: other.blockDelaySeconds,
      },
      `chain        ${networkName}, ${other.blockDelaySeconds} s epochs, ${keySet.name} proof parameters, owner ${owner}`,
    )
    const line = schedule(policy, other.blockDelaySeconds)
    teller.tell({ event: 'notice', text: line }, line)
    return {
      nodes,
      readOnlyNodes,
      paramsDir: keySet.directory,
      state: { network: networkName, genesis, owner },
      key,
      plan,
    }
  } finally {
    await chain.close()
  }
}
