import { readFileSync } from 'node:fs'
import type { DealSelection } from '@sealane/proto'
import type { Command } from 'commander'
import { type Answer, lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

const kinds = ['online', 'offline', 'verified', 'unverified'] as const

/** `storage-deals selection …`. */
export function selectionCommand(session: Session): Command {
  return group('selection', 'Which kinds of deals are considered.', [
    list(session),
    reset(session),
    reject(session),
  ])
}

/** `storage-deals set-blocklist|get-blocklist|reset-blocklist|set-seal-duration`. */
export function acceptanceCommands(session: Session): Command[] {
  return [setBlocklist(session), getBlocklist(session), resetBlocklist(session), setSealDuration(session)]
}

function told(selection: DealSelection): Answer {
  return {
    json: selection,
    text: lines(...kinds.map((kind) => `considering ${kind} storage deals: ${selection[kind]}`)),
  }
}

function list(session: Session): Command {
  return answers(
    session,
    {
      usage: 'list',
      about: 'List storage deal proposal selection criteria.',
      examples: ['storage-deals selection list'],
    },
    async () => told(await (await session.provider())['selection.get']({})),
  )
}

function reset(session: Session): Command {
  return answers(
    session,
    {
      usage: 'reset',
      about: 'Consider again every kind of deal that "selection reject" refuses.',
      examples: ['storage-deals selection reset'],
      notes: 'What the configuration refuses (deals.consider_…) stays refused, and is named.',
    },
    async () => {
      const selection = await (await session.provider())['selection.set']({
        online: null,
        offline: null,
        verified: null,
        unverified: null,
      })
      for (const kind of selection.refusedByConfiguration)
        session.note(`${kind} deals are refused by the provider’s configuration: deals.consider_${kind}`)
      return told(selection)
    },
  )
}

function reject(session: Session): Command {
  return answers<Partial<Record<(typeof kinds)[number], true>>>(
    session,
    {
      usage: 'reject',
      about: 'Refuse kinds of deals from now on. Deals already taken go on.',
      examples: ['storage-deals selection reject --online --offline'],
      notes: 'At once, without a restart, and after one too. "selection reset" takes it back.',
    },
    async (options) => {
      const refused = kinds.filter((kind) => options[kind] === true)
      if (refused.length === 0)
        throw usage('say what to reject: --online, --offline, --verified, --unverified')
      return told(
        await (await session.provider())['selection.set'](
          Object.fromEntries(refused.map((kind) => [kind, false])),
        ),
      )
    },
    (command) =>
      command
        .option('--online', 'deals whose data the provider fetches')
        .option('--offline', 'deals whose data the operator imports')
        .option('--verified', 'deals with datacap')
        .option('--unverified', 'deals without datacap'),
  )
}

function setBlocklist(session: Session): Command {
  return answers(
    session,
    {
      usage: 'set-blocklist [file]',
      about: 'Set the piece CIDs that are never taken: a file with one on each line, or the input.',
      examples: ['storage-deals set-blocklist blocked-pieces.txt'],
      notes: 'Replaces the whole list, that of the configuration too.',
    },
    async (_, [file]) => {
      const text = file === undefined ? await session.terminal.input() : readFileSync(file, 'utf8')
      const pieceBlocklist = text.split(/\s+/).filter((word) => word !== '')
      return blocklist(await (await session.provider())['selection.set']({ pieceBlocklist }))
    },
  )
}

function getBlocklist(session: Session): Command {
  return answers(
    session,
    {
      usage: 'get-blocklist',
      about: 'List the piece CIDs that are never taken.',
      examples: ['storage-deals get-blocklist'],
    },
    async () => blocklist(await (await session.provider())['selection.get']({})),
  )
}

function resetBlocklist(session: Session): Command {
  return answers(
    session,
    {
      usage: 'reset-blocklist',
      about: 'Remove all piece CIDs from the block list.',
      examples: ['storage-deals reset-blocklist'],
    },
    async () => blocklist(await (await session.provider())['selection.set']({ pieceBlocklist: [] })),
  )
}

function blocklist({ pieceBlocklist }: DealSelection): Answer {
  return { json: pieceBlocklist, text: lines(...pieceBlocklist) }
}

function setSealDuration(session: Session): Command {
  return answers(
    session,
    {
      usage: 'set-seal-duration <minutes>',
      about: 'Set how long sealing is expected to take. Deals that start sooner are refused.',
      examples: ['storage-deals set-seal-duration 1440'],
    },
    async (_, [text]) => {
      const minutes = natural('minutes', text)
      const { blockDelaySeconds } = await (await session.chain()).networkParams()
      const expectedSealEpochs = Math.ceil((minutes * 60) / blockDelaySeconds)
      const selection = await (await session.provider())['selection.set']({ expectedSealEpochs })
      return {
        json: { expectedSealEpochs: selection.expectedSealEpochs },
        text: lines(`deals that start within ${selection.expectedSealEpochs} epochs are refused`),
      }
    },
  )
}
