import { formatAddress, parseAddress, parseCid } from '@sealane/actors'
import type { MessageLookup } from '@sealane/chain'
import { formatFil } from '@sealane/fil-units'
import type { Command } from 'commander'
import { CliError } from '../cli-error.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { pollUntil } from '../frame/poll-until.js'
import type { Session } from '../frame/session.js'
import { messageLookupText } from '../show/search-msg-text.js'

/** The small questions to the chain's state. */
export function stateLookups(session: Session): Command[] {
  return [
    listMiners(session),
    lookup(session),
    group('market', 'The market actor.', [marketBalance(session)]),
    networkVersion(session),
    searchMessage(session),
    waitMessage(session),
    sectors(session),
  ]
}

function listMiners(session: Session): Command {
  return answers(
    session,
    { usage: 'list-miners', about: 'List every miner of the network.', examples: ['state list-miners'] },
    async () => {
      const [miners, prefix] = await Promise.all([(await session.chain()).listMiners(), session.prefix()])
      const shown = miners.map((miner) => formatAddress(miner, prefix))
      return { json: shown, text: lines(...shown) }
    },
  )
}

function lookup(session: Session): Command {
  return answers<{ reverse?: boolean }>(
    session,
    {
      usage: 'lookup <address>',
      about: 'Print the ID address of an address, or with --reverse the address behind an ID.',
      examples: [
        'state lookup t3ugrjcxsrg6luqr4wg73m3rkhkyry5i2dblmfjawlfcu54wadgihayjrmsco2vikbpsfkcsjyxqg7pe3ufnlq',
        'state lookup --reverse t0100',
      ],
    },
    async ({ reverse }, [text = '']) => {
      const address = parseAddress(text)
      const [chain, prefix] = await Promise.all([session.chain(), session.prefix()])
      const found = reverse ? await chain.accountKey(address) : await chain.lookupId(address)
      if (found === undefined) {
        const shown = formatAddress(address, prefix)
        throw new CliError(
          { code: 'NOT_ON_CHAIN', what: shown },
          `resolution lookup failed (${shown}): resolve address ${shown}: actor not found\n  next: a new address is on chain only once someone has sent it money; "sealane mpool pending --to ${shown}" shows what is on its way`,
        )
      }
      const shown = formatAddress(found, prefix)
      return { json: { address: formatAddress(address, prefix), found: shown }, text: lines(shown) }
    },
    (command) => command.option('-r, --reverse', 'from an ID address to its key address'),
  )
}

function marketBalance(session: Session): Command {
  return answers(
    session,
    {
      usage: 'balance <address>',
      about: 'Print what an address holds in the market actor’s escrow, and what of it deals have locked.',
      examples: ['state market balance t01000'],
    },
    async (_, [text = '']) => {
      const held = await (await session.chain()).marketBalance(parseAddress(text))
      return {
        json: held,
        text: lines(`Escrow: ${formatFil(held.escrow)}`, `Locked: ${formatFil(held.locked)}`),
      }
    },
  )
}

function networkVersion(session: Session): Command {
  return answers(
    session,
    {
      usage: 'network-version',
      about: 'Print the network version that the chain runs.',
      examples: ['state network-version'],
    },
    async () => {
      const version = await (await session.chain()).networkVersion()
      return { json: { networkVersion: version }, text: lines(`Network Version: ${version}`) }
    },
  )
}

function searchMessage(session: Session): Command {
  return answers(
    session,
    {
      usage: 'search-msg <messageCid>',
      about: 'Print where a message was executed, with its exit code; fails when it was not (yet).',
      examples: ['state search-msg bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe'],
    },
    async (_, [text = '']) => {
      const found = await (await session.chain()).searchMessage(parseCid(text))
      if (found !== undefined) return told(found)
      throw new CliError(
        { code: 'NOT_ON_CHAIN', what: text },
        `message ${text} was not found on chain\n  next: "sealane mpool find" shows it while it waits; "sealane messages show ${text}" says what the miner app knows of its own`,
      )
    },
  )
}

function waitMessage(session: Session): Command {
  return answers(
    session,
    {
      usage: 'wait-msg <messageCid>',
      about: 'Wait until a message is executed, then print where, with its exit code. Ctrl-C ends it.',
      examples: ['state wait-msg bafy2bzacealgjgwzmi2gqy5ynvwegjenrvrv7hisuvpbkdxhdjrxdgvdf6whe'],
    },
    async (_, [text = '']) => {
      const [cid, chain] = [parseCid(text), await session.chain()]
      return told(await pollUntil(session, async () => await chain.searchMessage(cid)))
    },
  )
}

function told(found: MessageLookup) {
  return {
    json: found,
    text: messageLookupText(found),
    ...(found.receipt.exitCode === 0 ? {} : { exitCode: 1 }),
  }
}

function sectors(session: Session): Command {
  return answers(
    session,
    {
      usage: 'sectors <minerAddress>',
      about: 'List the sectors that a miner has on chain, as comma-separated lines.',
      examples: ['state sectors t01000'],
    },
    async (_, [text = '']) => {
      const found = await (await session.chain()).sectors(parseAddress(text))
      const head = 'Sector Number,Sealed CID,Activation,Expiration,InitialPledge (attoFIL),DailyFee (attoFIL)'
      const rows = found.map((one) =>
        [
          one.sectorNumber,
          one.sealedCid,
          one.activation,
          one.expiration,
          one.initialPledge,
          one.dailyFee,
        ].join(','),
      )
      return { json: found, text: lines(head, ...rows) }
    },
  )
}
