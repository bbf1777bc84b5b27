import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createChainClient } from '@sealane/chain'
import { attoFil, formatFilUnitless, formatSize } from '@sealane/fil-units'
import { codeOf } from '@sealane/host'
import type { DealRow } from '@sealane/proto'
import { CliError } from '../cli-error.js'
import { checkCar } from '../client/check-car.js'
import { clientKey } from '../client/client-wallet.js'
import { DealBook } from '../client/deal-book.js'
import { dialProvider } from '../client/dial-provider.js'
import { type FilePart, planDeals, sectorSizeFor } from '../client/plan-deals.js'
import { type MadeDeal, propose } from '../client/propose.js'
import { serveFileParts } from '../client/serve-file-parts.js'
import { operators } from '../connect/operators.js'
import { sealaneHome } from '../connect/run-state.js'
import { checkOutside } from './check-outside.js'
import { DURATION_EPOCHS, START_DELAY_EPOCHS } from './deal-terms.js'
import { devnetPlan } from './funding-plan.js'
import { orAbort } from './or-abort.js'
import { checkNode } from './other-chain.js'
import { prepare } from './prepare.js'
import { Stack } from './stack.js'
import {
  knownSectorSize,
  placesOf,
  retireState,
  settleChain,
  settleSectorSize,
  takeState,
} from './state-dir.js'
import { type Summary, summarise } from './summary.js'
import { Teller } from './teller.js'
import type { UpOptions } from './up-options.js'
import { waitUntil } from './wait-until.js'
import { watchDeals } from './watch-deals.js'

/** A text of this repository that fills a 2KiB sector. */
const defaultFile = fileURLToPath(new URL('../../hello-filecoin.txt', import.meta.url))
/** Runs the whole stack and its deals; resolves with the exit code. */
export async function up(options: UpOptions): Promise<number> {
  const teller = new Teller(options.json)
  const abort = new AbortController()
  const stop = () => abort.abort(new Stopped())
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop)
  if (options.timeoutSeconds !== undefined) {
    const seconds = options.timeoutSeconds
    const late = new CliError(
      { code: 'TIMED_OUT', seconds, waitingFor: '' },
      `not done after ${seconds} s (--timeout)`,
    )
    setTimeout(() => abort.abort(late), seconds * 1000).unref()
  }
  let stack: Stack | undefined
  try {
    const places = placesOf(sealaneHome())
    takeState(places)
    const file = options.file ?? defaultFile
    const wanted =
      options.sectorSize ??
      (options.file === undefined && !options.fresh ? knownSectorSize(places) : undefined)
    const { size } = await statOf(file)
    const other = options.chain ? await orAbort(checkNode(options.chain.nodes), abort.signal) : undefined
    const sectorSize = wanted ?? sectorSizeFor(size, other?.policy.sectorSizes.map(Number))
    if (options.car) await checkCar(file)
    const parts = await planDeals(file, sectorSize, options.deals)
    const outside = other
      ? await orAbort(
          checkOutside({ options, other, places, sectorSize, parts, teller, signal: abort.signal }),
          abort.signal,
        )
      : undefined
    if (options.fresh) retireState(places)
    settleChain(places, outside?.state)
    settleSectorSize(places, sectorSize)

    teller.tell(
      {
        event: 'starting',
        home: places.home,
        sectorSize,
        prover: options.prover,
        deals: options.deals ?? parts.length,
      },
      `starting in ${places.home}: ${formatSize(BigInt(sectorSize))} sectors, ${options.prover} prover`,
    )
    stack = new Stack(places, options, teller, (error) => abort.abort(error), outside)
    const marks = { start: teller.seconds }
    const client = await clientKey(places.client)
    const wiring = await stack.start(sectorSize, outside ? [client.address] : [], abort.signal)
    const apps = operators(places.runtime)
    const chain = createChainClient({ nodes: wiring.chainAdmin })
    const prepared = await prepare({
      apps,
      places,
      chain,
      nodes: wiring.chainAdmin,
      client,
      sectorSize,
      purse: outside ? { from: 'owner', key: outside.key } : { from: 'faucet' },
      plan: outside?.plan ?? devnetPlan,
      teller,
      signal: abort.signal,
    })
    await waitUntil(() => apps.provider['miner.set']({ address: prepared.miner }), { signal: abort.signal })
    await waitUntil(() => apps.provider['asks.get']({}).then((ask) => (ask?.signed ? ask : undefined)), {
      signal: abort.signal,
      waiting: () => teller.status('waiting for the ask to be signed at home'),
    })
    const rawPowerBefore = (await chain.minerPower(prepared.miner)).minerPower.rawBytePower
    const prepareSeconds = teller.seconds - marks.start

    const book = new DealBook(places.client)
    const server = await serveFileParts(parts)
    let rows: DealRow[]
    let made: MadeDeal[]
    try {
      made = await makeDeals({
        options,
        parts,
        server,
        chain,
        miner: prepared.miner,
        client,
        book,
        teller,
        signal: abort.signal,
      })
      const watching = watchDeals({
        apps,
        chain,
        deals: made,
        teller,
        wall: other && { blockDelaySeconds: other.blockDelaySeconds, miner: prepared.miner },
        signal: abort.signal,
      })
      const seen = await orAbort(watching, abort.signal)
      rows = seen.map(({ deal }) => deal)
    } finally {
      await server.close()
    }
    const summary = await summarise({
      chain,
      apps,
      miner: prepared.miner,
      prover: options.prover,
      deals: rows,
      rawPowerBefore,
      seconds: { prepare: Math.round(prepareSeconds * 10) / 10, total: teller.seconds },
    })
    const { event, ...facts } = summary
    teller.tell(
      { event, ...facts },
      `done in ${teller.seconds} s: ${rows.length} deal${rows.length === 1 ? '' : 's'} active and proven, power ${formatSize(BigInt(summary.rawPowerAfter))}`,
    )
    if (!options.once) {
      sayNext(teller, summary, made)
      await new Promise<void>((resolve) =>
        abort.signal.addEventListener('abort', () => resolve(), { once: true }),
      )
      if (!(abort.signal.reason instanceof Stopped)) throw abort.signal.reason
    }
    chain.close()
    return 0
  } catch (error) {
    const reason = abort.signal.aborted ? abort.signal.reason : error
    if (reason instanceof Stopped) return options.once ? 130 : 0
    const text = reason instanceof Error ? reason.message : String(reason)
    if (options.json) teller.tell({ event: 'summary', ok: false, code: codeOf(reason), reason: text })
    process.stderr.write(`sealane: ${text}\n`)
    return 1
  } finally {
    teller.status('stopping')
    await stack?.stop()
    teller.status('')
  }
}

/** Ctrl-C. */
class Stopped extends Error {}

async function statOf(file: string): Promise<{ size: number }> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile()) return found
  throw new CliError({ code: 'USAGE', reason: 'no such file' }, `no file ${file}`)
}

async function makeDeals(o: {
  options: UpOptions
  parts: FilePart[]
  server: Awaited<ReturnType<typeof serveFileParts>>
  chain: ReturnType<typeof createChainClient>
  miner: Parameters<typeof dialProvider>[1]
  client: Awaited<ReturnType<typeof clientKey>>
  book: DealBook
  teller: Teller
  signal: AbortSignal
}): Promise<MadeDeal[]> {
  const { parts, teller, signal } = o
  const { connection, stop } = await waitUntil(() => dialProvider(o.chain, o.miner, signal), {
    signal,
    waiting: () => teller.status('dialling the provider'),
  })
  try {
    const made: MadeDeal[] = []
    const count = o.options.deals ?? parts.length
    const began = Date.now()
    for (let index = 0; index < count; index += 1) {
      const part = parts[index % parts.length]
      if (!part) break
      const deal = await propose({
        chain: o.chain,
        connection,
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
      o.book.add(deal)
      made.push(deal)
      const { dealUuid, proposalCid, signedProposalCid, pieceCid } = deal
      teller.tell(
        { event: 'proposed', dealUuid, proposalCid, signedProposalCid, pieceCid },
        `deal ${dealUuid.slice(0, 8)}  accepted        ${signedProposalCid} for ${formatSize(BigInt(part.sizeBytes))}`,
      )
    }
    return made
  } finally {
    await stop()
  }
}

function sayNext(teller: Teller, { deals, miner }: Summary, made: readonly MadeDeal[]): void {
  const [deal] = deals
  const [first] = made
  if (!deal || !first) return
  const price = formatFilUnitless(attoFil(BigInt(first.pricePerEpoch)))
  const lines = [
    '',
    'The stack stays up until Ctrl-C. In another terminal, in this directory:',
    '',
    '  npx sealane storage-deals list',
    `  npx sealane deals why ${deal.dealUuid}`,
    `  npx sealane sectors status ${deal.sectorNumber}`,
    '  npx sealane proving deadlines',
    `  npx sealane chain getmessage ${deal.publishCid}`,
    '  npx sealane sectors pledge',
    `  npx sealane client deal ${relative(process.cwd(), first.path) || first.path} ${miner} ${price} ${DURATION_EPOCHS}`,
    '',
  ]
  for (const line of lines) teller.say(line)
}
