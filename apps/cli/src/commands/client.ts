import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import {
  addBalanceParams,
  type Cid,
  formatAddress,
  marketActor,
  marketMethods,
  parseAddress,
  parseCid,
} from '@sealane/actors'
import { rpcCall } from '@sealane/chain'
import {
  attoFil,
  formatFil,
  paddedSize,
  toPadded,
  totalPrice,
  UnitsError,
  unpaddedSize,
} from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { clientKey } from '../client/client-wallet.js'
import { DealBook } from '../client/deal-book.js'
import { askStatus, dealStatuses } from '../client/deal-statuses.js'
import { dealEpochs } from '../client/deal-terms.js'
import { dialProvider } from '../client/dial-provider.js'
import { escrowOf } from '../client/escrow-of.js'
import { type Import, ImportBook } from '../client/import-book.js'
import type { FilePart } from '../client/plan-deals.js'
import { type MadeDeal, propose } from '../client/propose.js'
import { requireFunds } from '../client/require-funds.js'
import { sendMessage } from '../client/send-message.js'
import { serveFileParts } from '../client/serve-file-parts.js'
import { clientDir } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { amount, natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clientDealsTable, dealStatusText, statusMessage } from '../show/client-deals.js'
import { facts } from '../show/facts.js'
import { askCommand } from './client-ask.js'
import { clientSend } from './client-send.js'

export function clientCommand(session: Session): Command {
  return group('client', 'Make deals as a client does, with a key of its own.', [
    info(session),
    importFile(session),
    deal(session),
    listDeals(session),
    dealStatus(session),
    askCommand(session),
    marketAdd(session),
    clientSend(session),
  ])
}

async function ownKey(session: Session) {
  return await clientKey(clientDir(session.terminal.env))
}

function info(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print the client’s address, balance and market escrow.',
      examples: ['client info'],
    },
    async () => {
      const { address } = await ownKey(session)
      const chain = await session.chain()
      const [prefix, balance, market] = await Promise.all([
        session.prefix(),
        chain.walletBalance(address),
        escrowOf(chain, address),
      ])
      const shown = formatAddress(address, prefix)
      const text = facts([
        ['Address', shown],
        ['Balance', formatFil(balance)],
        ['Escrow', formatFil(market.escrow)],
        ['Locked', formatFil(market.locked)],
      ])
      return { json: { address: shown, balance, ...market }, text }
    },
  )
}

function importFile(session: Session): Command {
  return answers(
    session,
    {
      usage: 'import <file>',
      about: 'Take note of a file to make deals for: prints its root CID. The bytes stay where they are.',
      examples: ['client import 1.txt'],
    },
    async (_, [file = '']) => {
      const made = await new ImportBook(clientDir(session.terminal.env)).import(file)
      if (BigInt(made.pieceSize) < 256n) {
        session.note(
          `a piece of ${made.pieceSize} bytes is below what most asks take (256 B): expect "piece size less than minimum required size"`,
        )
      }
      return { json: made, text: lines(`Import ${made.id}, Root ${made.root}`) }
    },
  )
}

interface DealOptions {
  json?: boolean
  from?: string
  startEpoch?: string
  manualPieceCid?: string
  manualPieceSize?: string
  http?: string
  serveAt?: string
  providerCollateral?: string
  verifiedDeal?: boolean
  align?: boolean
  wait: boolean
}

function deal(session: Session): Command {
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

async function makeDeal(session: Session, options: DealOptions, args: readonly string[]) {
  const [dataText, minerText, priceText, durationText] = args
  if (args.length !== 4 || dataText === undefined || minerText === undefined) {
    throw usage('expected 4 args: dataCid, miner, price, duration')
  }
  const { signal } = session.terminal
  const price = amount('price', priceText)
  const durationEpochs = natural('duration', durationText)
  const startEpoch = options.startEpoch === '-1' ? undefined : options.startEpoch
  const data = await dataOf(session, options, dataText)
  const miner = parseAddress(minerText)
  const [chain, client, prefix] = await Promise.all([session.chain(), ownKey(session), session.prefix()])
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
    const { connection, stop } = await dialProvider(chain, miner, signal)
    try {
      const made = await propose({
        chain,
        connection,
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
      new DealBook(clientDir(session.terminal.env)).add(made)
      if (!options.json) session.terminal.out(lines(made.signedProposalCid))
      session.note(`deal uuid ${made.dealUuid}; see: sealane client deal-status ${made.dealUuid}`)
      if (serving && options.wait) {
        await untilFetched(
          session,
          made,
          async () => await askStatus(connection, client.key, made.dealUuid, signal),
        )
      }
      return { json: made, text: '' }
    } finally {
      await stop()
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

interface Data {
  readonly part: FilePart
  readonly root: Cid
  readonly offline: boolean
}

/** What the deal is for: an imported file, a file, or a piece that travels another way. */
async function dataOf(session: Session, o: DealOptions, text: string): Promise<Data> {
  const book = new ImportBook(clientDir(session.terminal.env))
  const imported = book.find(text)
  if (o.manualPieceCid !== undefined) {
    if (o.manualPieceSize === undefined) throw usage('must specify piece size when manually setting cid')
    const piece = cidArgument(o.manualPieceCid, 'failed to parse provided manual piece cid')
    const unpadded = unpaddedArgument(o.manualPieceSize)
    const part = {
      path: imported?.path ?? '',
      offset: 0,
      sizeBytes: imported?.sizeBytes ?? Number(unpadded),
      pieceCid: piece,
      pieceSize: toPadded(unpadded),
    }
    return { part, root: cidArgument(text, 'failed to parse dataCid'), offline: true }
  }
  const known = imported ?? (existsSync(text) ? await book.import(text) : undefined)
  if (known === undefined) {
    cidArgument(text, 'failed to parse dataCid')
    throw usage(`no imported file has the root ${text}: sealane client import FILE`)
  }
  return { part: partOf(known), root: parseCid(known.root), offline: false }
}

function partOf(known: Import): FilePart {
  return {
    path: known.path,
    offset: 0,
    sizeBytes: known.sizeBytes,
    pieceCid: parseCid(known.pieceCid),
    pieceSize: paddedSize(BigInt(known.pieceSize)),
  }
}

function cidArgument(text: string, what: string): Cid {
  try {
    return parseCid(text)
  } catch (error) {
    throw usage(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function unpaddedArgument(text: string) {
  try {
    return unpaddedSize(BigInt(natural('manual-piece-size', text)))
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error
    throw usage(
      `manual-piece-size ${text}: ${error.message}; it is the unpadded size, such as 1016 for a piece of 1024`,
    )
  }
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

function listDeals(session: Session): Command {
  return answers<{ verbose?: boolean }>(
    session,
    {
      usage: 'list-deals',
      watch: true,
      about: 'List the deals this client made, with what provider and chain say of them.',
      examples: ['client list-deals', 'client list-deals -v', 'client list-deals --watch'],
    },
    async ({ verbose }) => {
      const [chain, { key }] = await Promise.all([session.chain(), ownKey(session)])
      const made = new DealBook(clientDir(session.terminal.env)).list()
      const deals = await dealStatuses(chain, key, made, session.terminal.signal)
      const o = { verbose: verbose ?? false, colour: session.terminal.colour, prefix: await session.prefix() }
      return { json: deals, text: clientDealsTable(deals, o) }
    },
    (command) => command.option('-v, --verbose', 'whole CIDs, uuid and creation time'),
  )
}

function dealStatus(session: Session): Command {
  return answers(
    session,
    {
      usage: 'deal-status <id>',
      about: 'Ask the provider for one deal’s status, by uuid, signed proposal CID, or the end of either.',
      examples: ['client deal-status 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11'],
    },
    async (_, [id = '']) => {
      const made = findMade(new DealBook(clientDir(session.terminal.env)).list(), id)
      const [chain, { key }] = await Promise.all([session.chain(), ownKey(session)])
      const [found] = await dealStatuses(chain, key, [made], session.terminal.signal)
      const shown = found ?? { made }
      return {
        json: shown,
        text: dealStatusText(shown),
        ...(shown.status === undefined ? { exitCode: 1 } : {}),
      }
    },
  )
}

function findMade(deals: readonly MadeDeal[], id: string): MadeDeal {
  const tail = id.replace(/^\.{3}/, '')
  const found = deals.filter((one) =>
    [one.dealUuid, one.signedProposalCid, one.proposalCid, one.pieceCid].some(
      (name) => name === tail || (tail.length >= 4 && (name.endsWith(tail) || name.startsWith(tail))),
    ),
  )
  const [deal, another] = found
  if (deal !== undefined && another === undefined) return deal
  throw new CliError(
    { code: 'NO_DEAL', id },
    deal === undefined
      ? `this client made no deal ${id}: "sealane client list-deals -v" shows those it made`
      : `${found.length} deals match ${id}: give more of the id, or the uuid`,
  )
}

function marketAdd(session: Session): Command {
  return answers(
    session,
    {
      usage: 'market-add <amount>',
      about: 'Move FIL from the client’s key into market escrow, where deals are paid from.',
      examples: ['client market-add 2'],
    },
    async (_, [text]) => {
      const value = amount('amount', text)
      const [chain, { key, address }, prefix] = await Promise.all([
        session.chain(),
        ownKey(session),
        session.prefix(),
      ])
      await requireFunds(chain, address, value, prefix)
      const cid = await sendMessage(chain, key, {
        from: address,
        to: marketActor,
        value,
        method: marketMethods.AddBalance,
        params: addBalanceParams.encode(address),
        signal: session.terminal.signal,
      })
      const held = await chain.marketBalance(address)
      return {
        json: { cid, ...held },
        text: lines(`AddBalance message cid: ${cid}`, `Escrow: ${formatFil(held.escrow)}`),
      }
    },
  )
}
