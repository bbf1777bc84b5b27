import { addBalanceParams, formatAddress, marketActor, marketMethods } from '@sealane/actors'
import { formatFil } from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { clientKey } from '../client/client-wallet.js'
import { DealBook } from '../client/deal-book.js'
import { dealStatuses } from '../client/deal-statuses.js'
import { escrowOf } from '../client/escrow-of.js'
import { ImportBook } from '../client/import-book.js'
import type { MadeDeal } from '../client/made-deal.js'
import { requireFunds } from '../client/require-funds.js'
import { sendMessage } from '../client/send-message.js'
import { clientDir } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { amount } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clientDealsTable, dealStatusText } from '../show/client-deals.js'
import { facts } from '../show/facts.js'
import { askCommand } from './client-ask.js'
import { clientDeal } from './client-deal.js'
import { libp2pInfo, retrievalTransports } from './client-provider.js'
import { clientSend } from './client-send.js'

export function clientCommand(session: Session): Command {
  return group('client', 'Make deals as a client does, with a key of its own.', [
    info(session),
    importFile(session),
    clientDeal(session),
    listDeals(session),
    dealStatus(session),
    askCommand(session),
    libp2pInfo(session),
    retrievalTransports(session),
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
