import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createChainClient } from '@sealane/chain'
import { attoFil, formatDurationInWords, formatFilUnitless, formatSize } from '@sealane/fil-units'
import { codeOf } from '@sealane/host'
import type { DealRow } from '@sealane/proto'
import { CliError } from '../cli-error.js'
import { checkCar } from '../client/check-car.js'
import { clientKey } from '../client/client-wallet.js'
import { DealBook } from '../client/deal-book.js'
import type { MadeDeal } from '../client/made-deal.js'
import { planDeals, sectorSizeFor } from '../client/plan-deals.js'
import { serveFileParts } from '../client/serve-file-parts.js'
import { operators } from '../connect/operators.js'
import { sealaneHome } from '../connect/run-state.js'
import { checkOutside } from './check-outside.js'
import { DURATION_EPOCHS } from './deal-terms.js'
import { devnetPlan } from './funding-plan.js'
import { makeDeals } from './make-deals.js'
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
import { Teller, withoutBar } from './teller.js'
import type { UpOptions } from './up-options.js'
import { steadily, waitUntil } from './wait-until.js'
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
    const late = () =>
      new CliError(
        { code: 'TIMED_OUT', seconds, waitingFor: teller.waitsFor },
        `not done after ${formatDurationInWords(seconds * 1000, 2)} (--timeout): ${withoutBar(teller.waitsFor)}; the same command again goes on from there`,
      )
    setTimeout(() => abort.abort(late()), seconds * 1000).unref()
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
    if (other) teller.speaks(other.policy.addressPrefix)
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
    await settleChain(places, outside?.state)
    await settleSectorSize(places, sectorSize)

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
      purse: outside && other ? { from: 'owner', key: outside.key } : { from: 'faucet' },
      plan: outside?.plan ?? devnetPlan,
      teller,
      signal: abort.signal,
    })
    await waitUntil(() => apps.provider['miner.set']({ address: prepared.miner }), { signal: abort.signal })
    await waitUntil(() => apps.provider['asks.get']({}).then((ask) => (ask?.signed ? ask : undefined)), {
      signal: abort.signal,
      waiting: () => teller.status('waiting for the ask to be signed at home'),
    })
    const rawPowerBefore = await steadily(
      async () => (await chain.minerPower(prepared.miner)).minerPower.rawBytePower,
      abort.signal,
    )
    const prepareSeconds = teller.seconds - marks.start

    const book = new DealBook(places.client)
    const server = await serveFileParts(parts)
    teller.status('making the deal')
    let rows: DealRow[]
    let made: MadeDeal[]
    let adopted: number
    try {
      const deals = await makeDeals({
        apps,
        count: options.deals ?? parts.length,
        parts,
        server,
        chain,
        miner: prepared.miner,
        client,
        book,
        teller,
        signal: abort.signal,
      })
      made = deals.made
      adopted = deals.adopted
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
    const summary = await steadily(
      () =>
        summarise({
          chain,
          apps,
          miner: prepared.miner,
          prover: options.prover,
          deals: rows,
          rawPowerBefore,
          // A sector of an earlier run may have had its power before this one looked.
          mustRise: adopted < rows.length,
          seconds: { prepare: Math.round(prepareSeconds * 10) / 10, total: teller.seconds },
        }),
      abort.signal,
    )
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
    teller.status('')
    if (options.json) teller.tell({ event: 'summary', ok: false, code: codeOf(reason), reason: text })
    process.stderr.write(`sealane: ${text}\n`)
    return 1
  } finally {
    teller.ending('stopping')
    await stack?.stop()
    teller.end()
  }
}

/** Ctrl-C. */
class Stopped extends Error {}

async function statOf(file: string): Promise<{ size: number }> {
  const found = await stat(file).catch(() => undefined)
  if (found?.isFile()) return found
  throw new CliError({ code: 'USAGE', reason: 'no such file' }, `no file ${file}`)
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
