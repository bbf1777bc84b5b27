import { resolve } from 'node:path'
import { parseAddress } from '@sealane/actors'
import { paddedSize, toUnpadded } from '@sealane/fil-units'
import type { SectorRow } from '@sealane/proto'
import type { Command } from 'commander'
import type { SealerClient } from '../connect/operators.js'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { eventLog } from '../show/deal-report.js'
import { sectorStatus } from '../show/sector-status.js'
import { type SectorsOnChain, sectorsTable } from '../show/sectors-table.js'
import { waitingText } from '../show/state-text.js'
import { everySector } from './every-sector.js'
import { sectorsOnChain } from './sectors-chain.js'

export function sectorsCommand(session: Session): Command {
  return group('sectors', 'Sectors and their lives.', [
    list(session),
    status(session),
    log(session),
    pledge(session),
    seal(session),
    release(session),
    unseal(session),
    ...sectorsOnChain(session),
  ])
}

function list(session: Session): Command {
  return answers<{ states?: string; fast?: boolean }>(
    session,
    {
      usage: 'list',
      watch: true,
      about: 'List sectors by number.',
      examples: [
        'sectors list',
        'sectors list --states WaitSeed,Held',
        'sectors list --fast',
        'sectors list --watch',
      ],
    },
    async ({ states, fast }) => {
      const sealer = await session.sealer()
      const wanted = states?.split(',')
      const rows = await everySector(sealer, wanted)
      const o = {
        nowMs: session.terminal.now(),
        clock: await clockIfKnown(session),
        chain: await onChain(session, sealer),
        fast: fast ?? false,
      }
      return { json: rows, text: sectorsTable(rows, o) }
    },
    (command) =>
      command
        .option('--states <STATES>', 'sectors in these states only, joined by commas')
        .option('--fast', 'without expiration and deal weight'),
  )
}

/** The chain's view; the list stands without it. */
async function onChain(session: Session, sealer: SealerClient): Promise<SectorsOnChain | undefined> {
  try {
    const [chain, { miner }] = await Promise.all([session.chain(), sealer.status({})])
    const address = parseAddress(miner)
    const [all, active] = await Promise.all([chain.sectors(address), chain.activeSectors(address)])
    return {
      onChain: new Set(all.map((info) => info.sectorNumber)),
      active: new Set(active.map((info) => info.sectorNumber)),
    }
  } catch {
    return undefined
  }
}

function status(session: Session): Command {
  return answers<{ log?: boolean; onChainInfo?: boolean }>(
    session,
    {
      usage: 'status <sectorNum>',
      about: 'Print all that is known of a sector.',
      examples: ['sectors status 2', 'sectors status --log --on-chain-info 2'],
    },
    async ({ log: withLog, onChainInfo }, [text]) => {
      const sectorNumber = natural('sectorNum', text)
      const sealer = await session.sealer()
      const row = await sealer['sectors.get']({ sectorNumber })
      const history = withLog ? await sealer['sectors.log']({ sectorNumber }) : undefined
      const found = onChainInfo ? await chainInfo(session, sealer, sectorNumber) : {}
      const o = { nowMs: session.terminal.now(), clock: await clockIfKnown(session) }
      const json = { ...row, ...(history ? { log: history } : {}), ...(found.info ? { onChain: found } : {}) }
      return { json, text: sectorStatus({ row, log: history, ...found }, o) }
    },
    (command) =>
      command
        .option('--log', 'with its event log')
        .option('--on-chain-info', 'with what the chain says of it'),
  )
}

async function chainInfo(session: Session, sealer: SealerClient, sectorNumber: number) {
  const chain = await session.chain()
  const miner = parseAddress((await sealer.status({})).miner)
  const info = await chain.sectorInfo(miner, sectorNumber)
  if (info === undefined) {
    session.note(
      `sector ${sectorNumber} is not on this node's chain (yet); if its messages landed, the node is on a fork`,
    )
    return {}
  }
  return { info, expiration: await chain.sectorExpiration(miner, sectorNumber) }
}

function log(session: Session): Command {
  return answers(
    session,
    {
      usage: 'log <sectorNum>',
      about: 'Print every change of a sector, oldest first.',
      examples: ['sectors log 2'],
    },
    async (_, [text]) => {
      const history = await (await session.sealer())['sectors.log']({
        sectorNumber: natural('sectorNum', text),
      })
      return { json: history, text: eventLog(history) }
    },
  )
}

function pledge(session: Session): Command {
  return answers<{ requestId?: string }>(
    session,
    {
      usage: 'pledge',
      about: 'Start a committed-capacity sector: full of zeros, without deals.',
      examples: ['sectors pledge', 'sectors pledge --request-id nightly-2026-11-22'],
    },
    async ({ requestId }) => {
      const answer = await (await session.sealer())['sectors.pledge'](
        requestId === undefined ? {} : { requestId },
      )
      return { json: answer, text: lines(`Created CC sector: ${answer.sectorNumber}`) }
    },
    (command) => command.option('--request-id <ID>', 'asking again with the same id gives the same sector'),
  )
}

function seal(session: Session): Command {
  return answers(
    session,
    {
      usage: 'seal <sectorNum>',
      about: 'Seal a sector that still waits for deals now.',
      examples: ['sectors seal 3'],
    },
    async (_, [text]) =>
      moved(
        session,
        await (await session.sealer())['sectors.seal']({ sectorNumber: natural('sectorNum', text) }),
      ),
  )
}

function release(session: Session): Command {
  return answers(
    session,
    {
      usage: 'release <sectorNum>',
      about: 'Let a held sector go on, once what held it is mended.',
      examples: ['sectors release 3'],
    },
    async (_, [text]) =>
      moved(
        session,
        await (await session.sealer())['sectors.release']({ sectorNumber: natural('sectorNum', text) }),
      ),
  )
}

function moved(session: Session, row: SectorRow) {
  const waits =
    row.waiting === null ? '' : `, waiting for ${waitingText(row.waiting, session.terminal.now())}`
  return { json: row, text: lines(`sector ${row.sectorNumber}: ${row.state}${waits}`) }
}

/** Unsealing a 32 GiB sector takes hours. Unit: ms. */
const unsealDeadlineMs = 24 * 3_600_000

function unseal(session: Session): Command {
  return answers<{ offset: string; length?: string }>(
    session,
    {
      usage: 'unseal <sectorNum> <file>',
      about: 'Write the data of a proven sector to a file on the sealer’s host.',
      examples: [
        'sectors unseal 2 /tmp/sector-2.bin',
        'sectors unseal 2 /tmp/piece.bin --offset 0 --length 1016',
      ],
      notes: 'Offset and length count payload bytes (127 of every 128). Without --length: the whole sector.',
    },
    async ({ offset, length }, [text, file = '']) => {
      const sectorNumber = natural('sectorNum', text)
      const sealer = await session.sealer()
      const whole = async () => toUnpadded(paddedSize(BigInt((await sealer.status({})).sectorSize)))
      const from = natural('--offset', offset)
      const path = resolve(file)
      const bytes =
        length === undefined ? (await whole()) - BigInt(from) : BigInt(natural('--length', length))
      const answer = await sealer['sectors.unseal'](
        { sectorNumber, offset: String(from), length: String(bytes), path },
        { deadlineMs: unsealDeadlineMs, signal: session.terminal.signal },
      )
      return {
        json: { ...answer, path },
        text: lines(`${answer.bytes} bytes of sector ${sectorNumber} in ${path}`),
      }
    },
    (command) =>
      command.option('--offset <N>', 'first payload byte', '0').option('--length <N>', 'payload bytes'),
  )
}
