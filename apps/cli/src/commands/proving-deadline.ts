import type { Command } from 'commander'
import { ownMiner } from '../connect/own-miner.js'
import { answers } from '../frame/answers.js'
import { natural, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clockIfKnown } from '../show/clock-if-known.js'
import { deadlineText, provingCheckTable } from '../show/proving-check-text.js'
import { workersText } from '../show/sealing-tables.js'

/** One deadline of the proving period, and who proves. */
export function provingDeadlineCommands(session: Session): Command[] {
  return [deadline(session), check(session), workers(session)]
}

function deadlineIndex(text: string | undefined): number {
  const index = natural('deadlineIdx', text)
  if (index > 47) throw usage(`deadline ${index}: a proving period has deadlines 0 to 47`)
  return index
}

function deadline(session: Session): Command {
  return answers<{ sectorNums?: boolean }>(
    session,
    {
      usage: 'deadline <deadlineIdx>',
      about: 'Print one deadline: its partitions and what is in them.',
      examples: ['proving deadline 0', 'proving deadline 0 --sector-nums'],
    },
    async ({ sectorNums }, [text]) => {
      const index = deadlineIndex(text)
      const miner = await session.miner()
      const chain = await session.chain()
      const address = await ownMiner(session)
      const [rows, partitions, clock] = await Promise.all([
        miner['proving.deadlines']({}),
        chain.partitions(address, index),
        clockIfKnown(session),
      ])
      const row = rows.find((one) => one.deadline === index)
      const json = {
        ...row,
        partitions: partitions.map((partition) => ({
          allSectors: partition.allSectors.toNumbers(),
          liveSectors: partition.liveSectors.toNumbers(),
          activeSectors: partition.activeSectors.toNumbers(),
          faultySectors: partition.faultySectors.toNumbers(),
          recoveringSectors: partition.recoveringSectors.toNumbers(),
        })),
      }
      const view = {
        index,
        open: row?.open ?? 0,
        current: row?.current ?? false,
        proven: row?.provenPartitions ?? 0,
        partitions,
      }
      return { json, text: deadlineText(view, { clock, sectorNumbers: sectorNums ?? false }) }
    },
    (command) => command.option('-n, --sector-nums', 'with the sector numbers of each partition'),
  )
}

function check(session: Session): Command {
  return answers<{ onlyBad?: boolean }>(
    session,
    {
      usage: 'check <deadlineIdx>',
      about: 'Check that each sector of a deadline lies on a storage path that a live worker serves.',
      examples: ['proving check 0', 'proving check 0 --only-bad'],
      notes: 'Exits with 1 when a sector is bad. "faulty": the chain counts it as a fault already.',
    },
    async ({ onlyBad }, [text]) => {
      const rows = await (await session.miner())['proving.check']({ deadline: deadlineIndex(text) })
      const bad = rows.filter((row) => row.problem !== null || row.faulty)
      return {
        json: onlyBad ? bad : rows,
        text: provingCheckTable(onlyBad ? bad : rows),
        ...(bad.length > 0 ? { exitCode: 1 } : {}),
      }
    },
    (command) => command.option('--only-bad', 'only sectors that could not be proven'),
  )
}

function workers(session: Session): Command {
  return answers(
    session,
    {
      usage: 'workers',
      about: 'List the workers that make WindowPoSt proofs.',
      examples: ['proving workers'],
    },
    async () => {
      const rows = (await (await session.sealer())['sealing.workers']({})).filter((row) =>
        row.tasks.includes('post'),
      )
      return { json: rows, text: rows.length === 0 ? '' : workersText(rows, session.terminal.now()) }
    },
  )
}
