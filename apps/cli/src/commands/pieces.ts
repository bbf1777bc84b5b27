import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { piecesTable } from '../show/pieces-table.js'
import { waitingText } from '../show/state-text.js'

export function piecesCommand(session: Session): Command {
  return group('pieces', 'Deals’ data at home, from the crossing to its sector.', [
    list(session),
    release(session),
  ])
}

function list(session: Session): Command {
  return answers<{ state?: string }>(
    session,
    {
      usage: 'list',
      watch: true,
      about: 'List pieces at home: deal, state, sector and what each waits for.',
      examples: ['pieces list', 'pieces list --state Held'],
    },
    async ({ state }) => {
      const rows = (await (await session.sealer())['pieces.list']({})).filter(
        (row) => state === undefined || row.state === state,
      )
      return { json: rows, text: piecesTable(rows, session.terminal.now()) }
    },
    (command) => command.option('--state <STATE>', 'pieces in this state only, such as Held'),
  )
}

function release(session: Session): Command {
  return answers(
    session,
    {
      usage: 'release <deal>',
      about: 'Let a held piece go on, once what held it is mended.',
      examples: ['pieces release 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11'],
      notes:
        'The deal is named by its uuid or the end of it. A published deal waits for a sector again; anything earlier starts over and finds what is done.',
    },
    async (_, [id = '']) => {
      const sealer = await session.sealer()
      const row = await sealer['pieces.release']({ dealUuid: await uuidOf(session, id) })
      const waits =
        row.waiting === null ? '' : `, waiting for ${waitingText(row.waiting, session.terminal.now())}`
      return { json: row, text: lines(`piece of deal ${row.dealUuid}: ${row.state}${waits}`) }
    },
  )
}

async function uuidOf(session: Session, id: string): Promise<string> {
  if (id.length === 36) return id
  const rows = await (await session.sealer())['pieces.list']({})
  const found = rows.filter(
    (row) => id.length >= 4 && (row.dealUuid.endsWith(id) || row.dealUuid.startsWith(id)),
  )
  if (found.length === 1 && found[0]) return found[0].dealUuid
  throw usage(
    found.length === 0
      ? `no piece at home is of a deal ${id}: "sealane pieces list" shows them`
      : `${found.length} pieces match ${id}: give more of the uuid`,
  )
}
