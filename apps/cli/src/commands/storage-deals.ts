import { resolve } from 'node:path'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { askPrice, epochs, natural, size } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { askTable } from '../show/ask-table.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { dealStateName, dealsTable } from '../show/deals-table.js'
import { waitingText } from '../show/state-text.js'
import { acceptanceCommands, selectionCommand } from './deal-selection.js'
import { pendingPublish } from './pending-publish.js'

export function storageDealsCommand(session: Session): Command {
  return group('storage-deals', 'The provider’s deals and ask.', [
    list(session),
    getAsk(session),
    setAsk(session),
    selectionCommand(session),
    ...acceptanceCommands(session),
    importData(session),
    pendingPublish(session),
    cancel(session),
  ])
}

function list(session: Session): Command {
  return answers<{ verbose?: boolean; state?: string; limit?: string }>(
    session,
    {
      usage: 'list',
      watch: true,
      about: 'List deals, oldest first.',
      examples: [
        'storage-deals list',
        'storage-deals list --verbose --state Transferring',
        'storage-deals list --watch',
      ],
    },
    async ({ verbose, state, limit }) => {
      const provider = await session.provider()
      const rows = await provider['deals.list']({
        ...(state === undefined ? {} : { state: stateWord(state) }),
        ...(limit === undefined ? {} : { limit: natural('--limit', limit) }),
      })
      return {
        json: rows,
        text: dealsTable(rows, { verbose: verbose ?? false, nowMs: session.terminal.now() }),
      }
    },
    (command) =>
      command
        .option('-v, --verbose', 'all ids, creation time and what each deal waits for')
        .option('--state <STATE>', 'deals in this state only: Transferring or StorageDealTransferring')
        .option('--limit <N>', 'at most so many, the newest'),
  )
}

/** Both vocabularies are understood. */
function stateWord(word: string): string {
  const own = [
    'Accepted',
    'AwaitingData',
    'Transferring',
    'Transferred',
    'AtHome',
    'Publishing',
    'Published',
    'Sealing',
    'Active',
    'Expired',
    'Slashed',
    'Failed',
  ]
  return own.find((state) => dealStateName(state) === word) ?? word
}

function getAsk(session: Session): Command {
  return answers<{ legacy?: boolean }>(
    session,
    {
      usage: 'get-ask',
      about: 'Print the ask: the terms on which deals are taken.',
      examples: ['storage-deals get-ask', 'storage-deals get-ask --legacy'],
    },
    async ({ legacy }) => {
      const ask = await (await session.provider())['asks.get']({})
      const clock = await clockIfKnown(session)
      if (ask?.waiting)
        session.note(
          `not shown to clients yet: waiting for ${waitingText(ask.waiting, session.terminal.now())}`,
        )
      return { json: ask, text: askTable(ask, { legacy: legacy ?? false, clock }) }
    },
    (command) => command.option('--legacy', 'the columns of 2020: price in bare attoFIL'),
  )
}

interface AskOptions {
  price?: string
  verifiedPrice?: string
  minPieceSize?: string
  maxPieceSize?: string
  duration?: string
}

function setAsk(session: Session): Command {
  return answers<AskOptions>(
    session,
    {
      usage: 'set-ask',
      about: 'Set the ask. What is not given stays as it is.',
      examples: [
        'storage-deals set-ask --price 0 --verified-price 0 --max-piece-size 512M',
        'storage-deals set-ask --price "0.5 nFIL" --min-piece-size 256B --duration 720h0m0s',
      ],
      notes:
        'Prices are per GiB and epoch and need a unit: FIL, nFIL, attofil. Sizes are padded and binary: 512M is 512 MiB.\nThe ask is signed at home: clients see it once home has signed.',
    },
    async (o) => {
      const provider = await session.provider()
      const before = await provider['asks.get']({})
      const price = o.price === undefined ? before?.price : String(askPrice('--price', o.price))
      const verifiedPrice =
        o.verifiedPrice === undefined
          ? before?.verifiedPrice
          : String(askPrice('--verified-price', o.verifiedPrice))
      const blockDelay = async () => (await (await session.chain()).networkParams()).blockDelaySeconds
      const ask = await provider['asks.set']({
        price: price ?? '0',
        verifiedPrice: verifiedPrice ?? price ?? '0',
        ...(o.minPieceSize === undefined
          ? {}
          : { minPieceSize: String(size('min-piece-size', o.minPieceSize)) }),
        ...(o.maxPieceSize === undefined
          ? {}
          : { maxPieceSize: String(size('max-piece-size', o.maxPieceSize)) }),
        ...(o.duration === undefined
          ? {}
          : { durationEpochs: await epochs('duration', o.duration, blockDelay) }),
      })
      const waits =
        ask.waiting === null ? '' : `, waiting for ${waitingText(ask.waiting, session.terminal.now())}`
      return { json: ask, text: lines(`ask ${ask.sequence} set${waits}`) }
    },
    (command) =>
      command
        .option('--price <PRICE>', 'per GiB and epoch, for unverified deals')
        .option('--verified-price <PRICE>', 'per GiB and epoch, for verified deals')
        .option('--min-piece-size <SIZE>', 'smallest piece, w/bit-padding; at least 256B')
        .option('--max-piece-size <SIZE>', 'largest piece, w/bit-padding; at most the sector size')
        .option('--duration <TIME>', 'how long the ask holds: 720h0m0s, or a number of epochs'),
  )
}

function importData(session: Session): Command {
  return answers(
    session,
    {
      usage: 'import-data <deal> <file>',
      about: 'Give an offline deal its data: a file on the provider’s host.',
      examples: ['storage-deals import-data 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11 /data/piece.car'],
      notes:
        'The deal is named by its uuid, proposal CID or piece CID. The file’s commP must be the deal’s piece CID.',
    },
    async (_, [id = '', file = '']) => {
      const row = await (await session.provider())['deals.importData']({ id, path: resolve(file) })
      return {
        json: row,
        text: lines(`Offline deal import for deal UUID ${row.dealUuid} scheduled for execution`),
      }
    },
  )
}

function cancel(session: Session): Command {
  return answers(
    session,
    {
      usage: 'cancel <deal>',
      about: 'End a deal that home has not taken yet: its bytes go to the trash, its client is told.',
      examples: ['storage-deals cancel 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11'],
      notes: 'The deal is named by its uuid, proposal CID or piece CID.',
    },
    async (_, [id = '']) => {
      const row = await (await session.provider())['deals.cancel']({ id })
      return { json: row, text: lines(`deal ${row.dealUuid} cancelled: ${row.failure?.text ?? row.state}`) }
    },
  )
}
