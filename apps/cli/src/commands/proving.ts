import type { Command } from 'commander'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { deadlinesTable, faultsTable, partitionsTable, provingInfo } from '../show/proving-tables.js'
import { provingDeadlineCommands } from './proving-deadline.js'

export function provingCommand(session: Session): Command {
  return group('proving', 'WindowPoSt.', [
    info(session),
    deadlines(session),
    partitions(session),
    faults(session),
    ...provingDeadlineCommands(session),
  ])
}

function info(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print the proving period and the deadline that is open.',
      examples: ['proving info'],
    },
    async () => {
      const answer = await (await session.miner())['proving.info']({})
      return { json: answer, text: provingInfo(answer, await clockIfKnown(session)) }
    },
  )
}

function deadlines(session: Session): Command {
  return answers<{ all?: boolean }>(
    session,
    {
      usage: 'deadlines',
      about: 'List the 48 deadlines of a proving period.',
      examples: ['proving deadlines', 'proving deadlines --all'],
    },
    async ({ all }) => {
      const miner = await session.miner()
      const [rows, { miner: address }] = await Promise.all([
        miner['proving.deadlines']({}),
        miner['proving.info']({}),
      ])
      // What lotus prints: all 48, so that the way to the next one can be seen.
      const shown = all === false ? rows.filter((row) => row.partitions > 0 || row.current) : rows
      return { json: shown, text: deadlinesTable(address, shown, await clockIfKnown(session)) }
    },
    (command) =>
      command.option('--all', 'empty deadlines too', true).option('--no-all', 'only those with partitions'),
  )
}

function partitions(session: Session): Command {
  return answers(
    session,
    {
      usage: 'partitions',
      watch: true,
      about: 'List the WindowPoSts owed and made: state, sectors, skipped ones, message.',
      examples: ['proving partitions'],
    },
    async () => {
      const rows = await (await session.miner())['proving.partitions']({})
      const o = { nowMs: session.terminal.now(), clock: await clockIfKnown(session) }
      return { json: rows, text: partitionsTable(rows, o) }
    },
  )
}

function faults(session: Session): Command {
  return answers(
    session,
    {
      usage: 'faults',
      about: 'List faulty sectors, and whether they are recovering.',
      examples: ['proving faults'],
    },
    async () => {
      const miner = await session.miner()
      const [rows, { miner: address }] = await Promise.all([
        miner['proving.faults']({}),
        miner['proving.info']({}),
      ])
      return { json: rows, text: faultsTable(address, rows) }
    },
  )
}
