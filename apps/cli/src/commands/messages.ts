import type { Command } from 'commander'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { messagesTable, messageText } from '../show/messages-table.js'

export function messagesCommand(session: Session): Command {
  return group('messages', 'Messages of the miner app, from the wish to the receipt.', [
    list(session),
    show(session),
  ])
}

function list(session: Session): Command {
  return answers<{ state?: string; limit?: string }>(
    session,
    {
      usage: 'list',
      watch: true,
      about: 'List messages: nonce, state, what they are for and what they wait for.',
      examples: ['messages list', 'messages list --state Pushed --limit 20'],
    },
    async ({ state, limit }) => {
      const rows = await (await session.miner())['messages.list']({
        ...(state === undefined ? {} : { state }),
        ...(limit === undefined ? {} : { limit: natural('--limit', limit) }),
      })
      const shown = await session.shown()
      const told = rows.map((row) => ({ ...row, from: shown(row.from), to: shown(row.to) }))
      return { json: rows, text: messagesTable(told, session.terminal.now()) }
    },
    (command) =>
      command
        .option('--state <STATE>', 'messages in this state only')
        .option('--limit <N>', 'at most so many, the newest'),
  )
}

function show(session: Session): Command {
  return answers(
    session,
    {
      usage: 'show <id>',
      about: 'Print all about one message, by its CID, uuid or request id.',
      examples: ['messages show bafy2bzacedsl5bz2wx3v2isprsjivehgmeqo4tpp2jupo55jutw66pcplbing'],
    },
    async (_, [id = '']) => {
      const row = await (await session.miner())['messages.get']({ id })
      const shown = await session.shown()
      const told = { ...row, from: shown(row.from), to: shown(row.to) }
      return { json: row, text: messageText(told, session.terminal.now()) }
    },
  )
}
