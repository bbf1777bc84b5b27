import { setTimeout as pause } from 'node:timers/promises'
import type { Address } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import type { KeyInfo } from '@sealane/crypto'
import { formatSize } from '@sealane/fil-units'
import { CliError } from '../cli-error.js'
import { agreeDeal } from '../client/agree-deal.js'
import type { DealBook } from '../client/deal-book.js'
import { draftDeal } from '../client/draft-deal.js'
import type { MadeDeal } from '../client/made-deal.js'
import type { FilePart } from '../client/plan-deals.js'
import { ProviderLine } from '../client/provider-line.js'
import type { serveFileParts } from '../client/serve-file-parts.js'
import type { operators } from '../connect/operators.js'
import { DURATION_EPOCHS, START_DELAY_EPOCHS } from './deal-terms.js'
import type { Teller } from './teller.js'
import { waitUntil } from './wait-until.js'

/** Whatever is restarted or cut off while a deal is proposed is back within this. Unit: ms. */
const ANSWER_PATIENCE_MS = 2 * 60_000

/**
 * The run's deals: those of an earlier run for the same parts that are under way with all their bytes at the provider, and new ones,
 * proposed over libp2p as a client does, for the rest.
 */
export async function makeDeals(o: {
  apps: ReturnType<typeof operators>
  /** How many deals; the parts are taken in turn. */
  count: number
  parts: readonly FilePart[]
  server: Awaited<ReturnType<typeof serveFileParts>>
  chain: ChainPort
  miner: Address
  client: { key: KeyInfo; address: Address }
  book: DealBook
  teller: Teller
  signal: AbortSignal
}): Promise<{ made: MadeDeal[]; adopted: number }> {
  const { parts, teller, count } = o
  const underWay = await unfinished(o)
  const wanted = Array.from({ length: count }, (_, index) => parts[index % parts.length]).filter(
    (part): part is FilePart => part !== undefined,
  )
  const made: MadeDeal[] = []
  const fresh: FilePart[] = []
  for (const part of wanted) {
    const at = underWay.findIndex((deal) => deal.pieceCid === part.pieceCid)
    const [deal] = at < 0 ? [] : underWay.splice(at, 1)
    if (deal === undefined) {
      fresh.push(part)
      continue
    }
    made.push(deal)
    const { dealUuid, proposalCid, signedProposalCid, pieceCid } = deal
    teller.tell(
      { event: 'adopted', dealUuid, proposalCid, signedProposalCid, pieceCid },
      `deal ${dealUuid.slice(0, 8)}  is under way since an earlier run: goes on`,
    )
  }
  const adopted = made.length
  if (fresh.length > 0) made.push(...(await proposed(o, fresh)))
  return { made, adopted }
}

async function unfinished(o: Parameters<typeof makeDeals>[0]): Promise<MadeDeal[]> {
  const rows = await waitUntil(() => o.apps.provider['deals.list']({ limit: 10_000 }), { signal: o.signal })
  const over = ['Failed', 'Expired', 'Slashed', 'Ended', 'Rejected']
  // Bytes that have not come yet would be asked of a server that has gone with its run.
  const live = new Set(
    rows
      .filter((row) => row.provenEpoch === null && !over.includes(row.state))
      .filter((row) => row.receivedBytes === row.transferSize)
      .map((row) => row.dealUuid),
  )
  return o.book.list().filter((deal) => deal.provider === o.miner && live.has(deal.dealUuid))
}

async function proposed(o: Parameters<typeof makeDeals>[0], parts: readonly FilePart[]): Promise<MadeDeal[]> {
  const { teller, signal } = o
  const line = new ProviderLine(o.chain, o.miner, signal)
  const again = (why: string) => teller.status(`proposing: ${why}`)
  try {
    const made: MadeDeal[] = []
    const began = Date.now()
    for (const [index, part] of parts.entries()) {
      const write = async () =>
        await draftDeal({
          chain: o.chain,
          connection: await line.connection(),
          miner: o.miner,
          client: o.client,
          part,
          url: o.server.url(part),
          // Two deals for the same bytes are two proposals only if something differs.
          label: `sealane-${began.toString(36)}-${index}`,
          startDelayEpochs: START_DELAY_EPOCHS,
          durationEpochs: DURATION_EPOCHS,
          signal,
        })
      const agreed = async () => {
        const draft = await waitUntil(write, { signal, waiting: () => again('dialling the provider') })
        const patienceMs = ANSWER_PATIENCE_MS
        return await agreeDeal(draft, { line, key: o.client.key, book: o.book, patienceMs, again, signal })
      }
      const deal = await unlessLate(agreed, again, signal)
      made.push(deal)
      const { dealUuid, proposalCid, signedProposalCid, pieceCid } = deal
      teller.tell(
        { event: 'proposed', dealUuid, proposalCid, signedProposalCid, pieceCid },
        `deal ${dealUuid.slice(0, 8)}  accepted        ${signedProposalCid} for ${formatSize(BigInt(part.sizeBytes))}`,
      )
    }
    return made
  } finally {
    await line.stop()
  }
}

/** A provider whose node is late does not see the escrow that was paid in just now. So often it is asked again, each a second later. */
const LATE_TRIES = 6

/** Proposes anew while the refusal is that the client has too little in escrow: this run has seen it there. */
async function unlessLate<T>(
  agree: () => Promise<T>,
  again: (why: string) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await agree()
    } catch (error) {
      const late =
        error instanceof CliError &&
        error.code === 'DEAL_REFUSED' &&
        /client available funds in escrow/.test(error.message)
      if (!late || tries === LATE_TRIES) throw error
      again(`the provider's node does not see the client's escrow yet (${error.message})`)
      await pause(tries * 1_000, undefined, { signal })
    }
  }
}
