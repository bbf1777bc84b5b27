import type { Address } from '@sealane/actors'
import type { ChainPort, SectorOnChainInfo } from '@sealane/chain'
import type { SectorRow } from '@sealane/proto'
import type { Command } from 'commander'
import { ownMiner } from '../connect/own-miner.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { allocatedText, dealRefsText, expiredTable, expiringTable, queuedText } from '../show/sector-lists.js'
import { everySector } from './every-sector.js'

/** Lists of sectors by what the chain says of them. */
export function sectorsOnChain(session: Session): Command[] {
  return [
    refs(session),
    expired(session),
    checkExpire(session),
    group('numbers', 'Sector numbers.', [numbersInfo(session)]),
    group('batching', 'Sectors whose messages have not been sent yet.', [
      queued(session, 'precommit', ['SubmitPreCommit']),
      queued(session, 'commit', ['SubmitProveCommit']),
    ]),
  ]
}

function refs(session: Session): Command {
  return answers(
    session,
    {
      usage: 'refs',
      about: 'List which deal lies in which sector: sector number, padded offset and size.',
      examples: ['sectors refs'],
    },
    async () => {
      const rows = await everySector(await session.sealer())
      const json = rows.flatMap((row) =>
        row.pieces
          .filter((piece) => piece.dealUuid !== null)
          .map((piece) => ({ sectorNumber: row.sectorNumber, ...piece })),
      )
      return { json, text: dealRefsText(json) }
    },
  )
}

function expired(session: Session): Command {
  return answers(
    session,
    {
      usage: 'expired',
      about: 'List sectors that are kept here though the chain has them no more.',
      examples: ['sectors expired'],
    },
    async () => {
      const [rows, onChain, clock] = await Promise.all([
        everySector(await session.sealer(), ['Proving', 'Faulty']),
        sectorsOf(session),
        clockIfKnown(session),
      ])
      const there = new Set(onChain.map((info) => info.sectorNumber))
      const gone: SectorRow[] = rows.filter((row) => !there.has(row.sectorNumber))
      return { json: gone, text: expiredTable(gone, clock) }
    },
  )
}

function checkExpire(session: Session): Command {
  return answers<{ cutoff: string }>(
    session,
    {
      usage: 'check-expire',
      about: 'List sectors that expire soon.',
      examples: ['sectors check-expire', 'sectors check-expire --cutoff 2880'],
    },
    async ({ cutoff }) => {
      const within = natural('--cutoff', cutoff)
      const [onChain, clock] = await Promise.all([sectorsOf(session), clockIfKnown(session)])
      const head = (await (await session.chain()).head()).height
      const soon = onChain
        .filter((info) => info.expiration - head <= within)
        .sort((a, b) => a.expiration - b.expiration)
      return { json: soon, text: expiringTable(soon, clock) }
    },
    (command) => command.option('--cutoff <EPOCHS>', 'sectors that expire within so many epochs', '172800'),
  )
}

async function sectorsOf(session: Session): Promise<SectorOnChainInfo[]> {
  const [chain, miner]: [ChainPort, Address] = await Promise.all([session.chain(), ownMiner(session)])
  return await chain.sectors(miner)
}

function numbersInfo(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print which sector numbers are used, on chain or here, and which comes next.',
      examples: ['sectors numbers info'],
    },
    async () => {
      const [chain, miner, rows] = await Promise.all([
        session.chain(),
        ownMiner(session),
        everySector(await session.sealer()),
      ])
      const onChain = (await chain.allocatedSectors(miner)).toNumbers()
      // Numbers are given out above the highest that was ever used, on chain or in the sealer's rows.
      const used = [...new Set([...onChain, ...rows.map((row) => row.sectorNumber)])].sort((a, b) => a - b)
      const json = { nextFree: (used.at(-1) ?? -1) + 1, allocated: used }
      return { json, text: allocatedText(json) }
    },
  )
}

function queued(session: Session, name: 'precommit' | 'commit', states: readonly string[]): Command {
  return answers(
    session,
    {
      usage: name,
      about: `List sectors whose ${name === 'commit' ? 'ProveCommit' : 'PreCommit'} message has not been sent yet.`,
      examples: [`sectors batching ${name}`],
      notes: '"sealane sectors status N" says what such a sector waits for.',
    },
    async () => {
      const rows = await everySector(await session.sealer(), states)
      return {
        json: rows,
        text: rows.length === 0 ? queuedText : lines(...rows.map((row) => `${row.sectorNumber}`)),
      }
    },
  )
}
