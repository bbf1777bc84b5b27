import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { transfersTable } from '../show/transfers-table.js'

/** `transfers …`, which operators of lotus-miner know as `data-transfers`. */
export function transfersCommand(session: Session): Command {
  return group('transfers', 'The provider’s inbound transfers.', [
    list(session),
    change(
      session,
      'restart',
      'Break off a stalled transfer and begin it again now, from the bytes on disk.',
    ),
    change(session, 'pause', 'Stop a transfer until it is resumed. What has come stays.'),
    change(session, 'resume', 'Let a paused transfer go on where it was.'),
    change(session, 'cancel', 'End a transfer and with it its deal: the client is told.'),
  ])
}

function list(session: Session): Command {
  return answers<{ completed?: boolean; showFailed?: boolean; verbose?: boolean; limit?: string }>(
    session,
    {
      usage: 'list',
      watch: true,
      about: 'List ongoing data transfers: from where, how much has come, and what went wrong.',
      examples: ['transfers list', 'transfers list --completed --show-failed -v', 'transfers list --watch'],
      notes: 'Said as "data-transfers list", as on lotus-miner, it is the same.',
    },
    async ({ completed, showFailed, verbose, limit }) => {
      const rows = await (await session.provider())['transfers.list']({
        completed: completed ?? false,
        failed: showFailed ?? false,
        ...(limit === undefined ? {} : { limit: natural('--limit', limit) }),
      })
      return {
        json: rows,
        text: transfersTable(rows, { verbose: verbose ?? false, nowMs: session.terminal.now() }),
      }
    },
    (command) =>
      command
        .option('-v, --verbose', 'whole CIDs')
        .option('--completed', 'completed transfers too')
        .option('--show-failed', 'failed and cancelled transfers too')
        .option('--limit <N>', 'at most so many, the newest'),
  )
}

function change(session: Session, verb: 'restart' | 'pause' | 'resume' | 'cancel', about: string): Command {
  return answers(
    session,
    {
      usage: `${verb} <deal>`,
      about,
      examples: [`transfers ${verb} 6f1c1f0e-8a3f-4e2c-9a55-5f9a3f0f3b11`],
      notes: 'The transfer is named by its deal’s uuid, proposal CID or piece CID.',
    },
    async (_, [id = '']) => {
      const row = await (await session.provider())[`transfers.${verb}`]({ id })
      return { json: row, text: lines(`transfer of deal ${row.dealUuid}: ${row.state}`) }
    },
  )
}
