import { setTimeout as pause } from 'node:timers/promises'
import { formatAddress, parseAddress } from '@sealane/actors'
import { rpcCall } from '@sealane/chain'
import { attoFil, formatFil, totalPrice } from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { agreeDeal } from '../client/agree-deal.js'
import { clientKey } from '../client/client-wallet.js'
import { DealBook } from '../client/deal-book.js'
import { dealData, type ManualPiece } from '../client/deal-data.js'
import { askStatus } from '../client/deal-statuses.js'
import { dealEpochs } from '../client/deal-terms.js'
import { draftDeal } from '../client/draft-deal.js'
import { escrowOf } from '../client/escrow-of.js'
import type { MadeDeal } from '../client/made-deal.js'
import type { FilePart } from '../client/plan-deals.js'
import { ProviderLine } from '../client/provider-line.js'
import { serveFileParts } from '../client/serve-file-parts.js'
import { clientDir } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { amount, natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { statusMessage } from '../show/client-deals.js'

interface DealOptions extends ManualPiece {
  json?: boolean
  from?: string
  startEpoch?: string
  http?: string
  serveAt?: string
  providerCollateral?: string
  verifiedDeal?: boolean
  align?: boolean
  wait: boolean
}

/** `client deal`, with the arguments of lotus' own: proposes, and serves the file until the provider has it. */
export function clientDeal(session: Session): Command {
  return answers<DealOptions>(
    session,
    {
      usage: 'deal [args...]',
      about: 'Propose a deal: dataCid, miner, price, duration. Prints the signed proposal CID.',
      examples: [
        'client deal bafk2bzaceb4qutc7uc6lnonqkvgojt2kitxgfdcpmvwqku4agc45xzkezhnk2 t01000 0.0000000000000003 800000',
        'client deal --start-epoch 18000 --http https://client.example/piece.bin 1.txt t01000 0 518400',
        'client deal --manual-piece-cid baga6ea4… --manual-piece-size 1016 bafk2bzaceb4q… t01000 0 518400',
      ],
      notes: `dataCid:  root or piece CID of an imported file, or the file itself
miner:    the storage miner's address
price:    FIL per epoch for the whole piece (0.0000000000000003 is 300 attoFIL)
duration: epochs, at least 518400 (180 days)
Without --http this command serves the file until the provider has it. Flags may stand anywhere.`,
    },
    async (options, args) => await makeDeal(session, options, args),
    (command) =>
      command
        .option('--from <ADDRESS>', 'the client’s address (there is one: see "client info")')
        .option(
          '--start-epoch <EPOCH>',
          'when the deal must be in a proven sector; default: two days from now',
        )
        .option('--manual-piece-cid <CID>', 'offline deal: the piece, whose bytes travel another way')
        .option('--manual-piece-size <BYTES>', 'its unpadded size: 127 of every 128 bytes')
        .option('--http <URL>', 'where the provider fetches the bytes')
        .option('--serve-at <URL>', 'serve the file from here, reached by the provider at this URL')
        .option('--provider-collateral <FIL>', 'what the provider stakes; default: a fifth above the least')
        .option('--verified-deal', 'use datacap')
        .option('--fast-retrieval', 'accepted for old habits: unsealed copies are kept anyway')
        .option('--align', 'move the end to the miner’s proving period boundary, as in 2020')
        .option('--no-wait', 'do not wait for the provider to fetch a file served from here'),
  )
}

/** A provider that is being restarted is back within this. Unit: ms. */
const ANSWER_PATIENCE_MS = 60_000

async function makeDeal(session: Session, options: DealOptions, args: readonly string[]) {
  const [dataText, minerText, priceText, durationText] = args
  if (args.length !== 4 || dataText === undefined || minerText === undefined) {
    throw usage('expected 4 args: dataCid, miner, price, duration')
  }
  const { signal } = session.terminal
  const price = amount('price', priceText)
  const durationEpochs = natural('duration', durationText)
  const startEpoch = options.startEpoch === '-1' ? undefined : options.startEpoch
  const data = await dealData(session, options, dataText)
  const miner = parseAddress(minerText)
  const [chain, client, prefix] = await Promise.all([
    session.chain(),
    clientKey(clientDir(session.terminal.env)),
    session.prefix(),
  ])
  const from = formatAddress(client.address, prefix)
  if (options.from !== undefined && parseAddress(options.from) !== client.address) {
    throw new CliError(
      { code: 'NO_KEY', name: options.from },
      `no key for ${options.from}: the client's own address is ${from}`,
    )
  }
  const head = await chain.head()
  const epochs = dealEpochs({
    head: head.height,
    startEpoch: startEpoch === undefined ? undefined : natural('start-epoch', startEpoch),
    durationEpochs,
    align: options.align ? await chain.provingDeadline(miner) : undefined,
  })
  if (options.verifiedDeal) await requireDatacap(session, client.address, from)
  const total = totalPrice(price, epochs.endEpoch - epochs.startEpoch)
  const { escrow, locked } = await escrowOf(chain, client.address)
  if (escrow - locked < total) {
    const missing = formatFil(attoFil(total - (escrow - locked)))
    throw new CliError(
      { code: 'NO_FUNDS', address: from, has: String(escrow - locked), needs: String(total) },
      `${from} has ${formatFil(attoFil(escrow - locked))} free in market escrow, the deal costs ${formatFil(total)}: sealane client market-add "${missing}"`,
    )
  }
  const serving = data.offline || options.http !== undefined ? undefined : await serve(data.part, options)
  try {
    const line = new ProviderLine(chain, miner, signal)
    try {
      const draft = await draftDeal({
        chain,
        connection: await line.connection(),
        miner,
        client,
        part: data.part,
        url: options.http ?? serving?.url(data.part),
        label: data.root,
        dataRoot: data.root,
        startDelayEpochs: 0,
        durationEpochs,
        terms: {
          ...epochs,
          pricePerEpoch: price,
          verified: options.verifiedDeal,
          ...(options.providerCollateral === undefined
            ? {}
            : { providerCollateral: amount('provider-collateral', options.providerCollateral) }),
        },
        signal,
      })
      const made = await agreeDeal(draft, {
        line,
        key: client.key,
        book: new DealBook(clientDir(session.terminal.env)),
        patienceMs: ANSWER_PATIENCE_MS,
        again: (why) => session.note(`${why}; asking again`),
        signal,
      })
      if (!options.json) session.terminal.out(lines(made.signedProposalCid))
      session.note(`deal uuid ${made.dealUuid}; see: sealane client deal-status ${made.dealUuid}`)
      if (serving && options.wait) {
        await untilFetched(
          session,
          made,
          async () => await askStatus(await line.connection(), client.key, made.dealUuid, signal),
        )
      }
      return { json: made, text: '' }
    } finally {
      await line.stop()
    }
  } finally {
    await serving?.close()
  }
}

async function serve(part: FilePart, { serveAt }: DealOptions) {
  if (serveAt === undefined) return await serveFileParts([part])
  if (!URL.canParse(serveAt) || !serveAt.startsWith('http://')) {
    throw usage(`--serve-at is a URL such as http://203.0.113.9:8080, not "${serveAt}"`)
  }
  return await serveFileParts([part], new URL(serveAt))
}

async function requireDatacap(session: Session, address: string, shown: string): Promise<void> {
  const status = await rpcCall(await session.nodes(), 'Filecoin.StateVerifiedClientStatus', [address, []])
  if (status === null)
    throw usage(`address ${shown} does not have verified client status: leave --verified-deal away`)
}

/** How often the provider is asked whether it has the bytes. Unit: ms. */
const pollMs = 1_000

async function untilFetched(
  session: Session,
  made: MadeDeal,
  ask: () => ReturnType<typeof askStatus>,
): Promise<void> {
  let told = ''
  for (;;) {
    const status = await ask().catch(() => undefined)
    session.terminal.signal.throwIfAborted()
    const reason = status?.dealStatus?.error ?? ''
    if (status?.dealStatus?.status === 'Complete' && reason !== '') {
      throw new CliError({ code: 'DEAL_REFUSED', text: reason }, `deal ${made.dealUuid} failed: ${reason}`)
    }
    if (status?.dealStatus && status.dealStatus.status !== 'Accepted') return
    const now = status === undefined ? 'the provider does not answer; asking again' : statusMessage(status)
    if (now !== told) session.note(now)
    told = now
    await pause(pollMs, undefined, { signal: session.terminal.signal })
  }
}
