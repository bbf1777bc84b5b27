import { parseAddress, parseCid, replicaCommitmentOf } from '@sealane/actors'
import type { ChainPort, MarketDeal } from '@sealane/chain'
import type { ChainFacts, Landing, MinerFacts } from './facts.js'

/** Questions to the node under way at once. */
const atOnce = 16

/** What the chain says of everything that the miner's journal names. Rejects with `ChainError` when the node does not answer. */
export async function readChain(chain: ChainPort, miner: MinerFacts): Promise<ChainFacts> {
  const head = await chain.head()
  const nonces = new Map<string, number>()
  for (const { address } of miner.senders) {
    nonces.set(address, (await chain.getActor(parseAddress(address)))?.nonce ?? 0)
  }
  // One question for each nonce: any of its signings finds whichever of them landed.
  const asked = new Map(
    miner.signings.map(({ from_address, nonce, cid }) => [`${from_address} ${nonce}`, cid]),
  )
  const landings = new Map<string, Landing>()
  await each([...asked], async ([key, cid]) => {
    const found = await chain.searchMessage(parseCid(cid), { allowReplaced: true })
    if (found !== undefined)
      landings.set(key, { message: found.message, exitCode: found.receipt.exitCode, height: found.height })
  })
  const deals = new Map<number, MarketDeal | undefined>()
  const clientIds = new Map<string, string>()
  await each(miner.publications, async ({ deal_id, client }) => {
    if (deal_id === null) return
    deals.set(deal_id, await chain.marketDeal(deal_id))
    const id = await chain.lookupId(parseAddress(client))
    if (id !== undefined) clientIds.set(client, id)
  })
  const address = miner.address === undefined ? undefined : parseAddress(miner.address)
  const sectors = address === undefined ? [] : await chain.sectors(address)
  return {
    head: head.height,
    nonces,
    landings,
    deals,
    clientIds,
    allocated: address === undefined ? [] : [...(await chain.allocatedSectors(address)).toNumbers()],
    sectors: sectors.map(({ sectorNumber, sealedCid }) => ({
      sectorNumber,
      commR: Buffer.from(replicaCommitmentOf(sealedCid)).toString('hex'),
    })),
    faulty: address === undefined ? [] : [...(await chain.minerFaults(address)).toNumbers()],
  }
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += atOnce) {
    await Promise.all(items.slice(at, at + atOnce).map(work))
  }
}
