import { Log } from '@sealane/host'
import type { DealParams, ProposalFacts } from '@sealane/market'
import type { ChainView } from '../chain/chain-view.js'
import type { ProviderConfig } from '../config.js'
import type { Staging } from '../staging/staging.js'
import type { DealStore } from './deal-store.js'
import { type FilterWorld, filterInput } from './filter-input.js'
import type { Ledger } from './ledger.js'
import type { MinerAddress } from './miner-address.js'
import { runFilter } from './run-filter.js'

/** Asks the operator's own command whether a deal is wanted. */
export class DealFilter {
  constructor(
    private readonly config: ProviderConfig,
    private readonly chain: ChainView,
    private readonly miner: MinerAddress,
    private readonly deals: DealStore,
    private readonly ledger: Ledger,
    private readonly staging: Staging,
    private readonly log: Log,
  ) {}

  /** Accepts everything while no command is configured. `unavailable`: it could not be asked, so nothing is accepted. */
  async decide(params: DealParams): Promise<Exclude<ProposalFacts['filter'], undefined>> {
    const { filter_command: command, filter_timeout: timeoutMs } = this.config.deals
    if (command === '') return { accept: true }
    const world = await this.#world()
    const decision =
      world === undefined ? 'unavailable' : await runFilter(command, filterInput(params, world), timeoutMs)
    if (decision === 'unavailable')
      this.log.error(
        world === undefined
          ? 'the filter was not asked: the chain did not tell what it is to be told'
          : `the filter could not be run, or took longer than ${timeoutMs} ms: deals are refused`,
        { dealUuid: params.dealUuid, command },
      )
    return decision
  }

  async #world(): Promise<FilterWorld | undefined> {
    const miner = this.miner.require()
    const network = await this.chain.network()
    const escrow = await this.chain.marketEscrow(miner)
    const worker = await this.chain.worker(miner)
    if (network === 'unavailable' || escrow === 'unavailable' || worker === 'unavailable') return undefined
    const held = await this.ledger.held()
    const stagedBytes = await this.deals.stagedBytes()
    return {
      network: network.prefix,
      sectorStates: await this.deals.sectorStates(),
      escrow: { tagged: held.collateral, available: escrow.available, locked: escrow.locked },
      worker,
      staging: {
        total: await this.staging.limitBytes(),
        tagged: Math.max(0, held.stagingBytes - stagedBytes),
        staged: stagedBytes,
      },
    }
  }
}
