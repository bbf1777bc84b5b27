import type { Connection } from '@libp2p/interface'
import { parseAddress } from '@sealane/actors'
import type { ChainPort, MarketDeal } from '@sealane/chain'
import { type KeyInfo, sign } from '@sealane/crypto'
import { type DealStatusResponse, dealUuidBytes, parseDealUuid } from '@sealane/market'
import { queryDealStatus } from '@sealane/market/node'
import { dialProvider } from './dial-provider.js'
import type { MadeDeal } from './made-deal.js'

/** What provider and chain say of a deal that the client made. */
export interface ClientDeal {
  readonly made: MadeDeal
  readonly status?: DealStatusResponse | undefined
  readonly onChain?: MarketDeal | undefined
  /** Why the provider did not say. */
  readonly silent?: string | undefined
}

/** How long a provider has to answer. Unit: ms. */
const patienceMs = 15_000

/** Asks a provider about one deal, with the client's signature over its uuid. */
export async function askStatus(
  connection: Connection,
  key: KeyInfo,
  dealUuid: string,
  signal: AbortSignal,
): Promise<DealStatusResponse> {
  const uuid = parseDealUuid(dealUuid)
  return await queryDealStatus(
    connection,
    { dealUuid: uuid, signature: sign(key, dealUuidBytes(uuid)) },
    { signal },
  )
}

/** Asks each provider about its deals over one connection, and the chain about those that are published. */
export async function dealStatuses(
  chain: ChainPort,
  key: KeyInfo,
  deals: readonly MadeDeal[],
  signal: AbortSignal,
): Promise<ClientDeal[]> {
  const found = new Map<string, ClientDeal>()
  for (const provider of new Set(deals.map((deal) => deal.provider))) {
    const theirs = deals.filter((deal) => deal.provider === provider)
    const within = AbortSignal.any([signal, AbortSignal.timeout(patienceMs)])
    try {
      const { connection, stop } = await dialProvider(chain, parseAddress(provider), within)
      try {
        for (const made of theirs) {
          found.set(made.dealUuid, { made, status: await askStatus(connection, key, made.dealUuid, within) })
        }
      } finally {
        await stop()
      }
    } catch (error) {
      if (signal.aborted) throw error
      const silent = error instanceof Error ? error.message : String(error)
      for (const made of theirs) if (!found.has(made.dealUuid)) found.set(made.dealUuid, { made, silent })
    }
  }
  return await Promise.all(
    deals.map(async (made) => {
      const seen: ClientDeal = found.get(made.dealUuid) ?? { made }
      return { ...seen, onChain: await publishedDeal(chain, seen) }
    }),
  )
}

/** The published deal, if the id is of this one: 0 also means "not yet" in a status, and is a young network's first deal. */
async function publishedDeal(
  chain: ChainPort,
  { made, status }: ClientDeal,
): Promise<MarketDeal | undefined> {
  const known = status?.dealStatus
  if (!known || (known.publishCid === null && known.chainDealId === 0)) return undefined
  const deal = await chain.marketDeal(known.chainDealId)
  const { pieceCid, startEpoch, endEpoch } = deal?.proposal ?? {}
  const same = pieceCid === made.pieceCid && startEpoch === made.startEpoch && endEpoch === made.endEpoch
  return same ? deal : undefined
}
