import { attoFilFromText, formatFil } from '@sealane/fil-units'
import type { MessageRow } from '@sealane/proto'
import type { Command } from 'commander'
import { type Answer, lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { amount } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { failureText, waitingText } from '../show/state-text.js'
import { waitForCid } from './wait-for-cid.js'

export function marketCommand(session: Session): Command {
  return group('market', 'The miner’s escrow in the market actor: deals’ collateral comes from it.', [
    balance(session),
    add(session),
    withdraw(session),
  ])
}

function balance(session: Session): Command {
  return answers(
    session,
    {
      usage: 'balance',
      about: 'Print escrow and the part that deals have locked.',
      examples: ['market balance'],
    },
    async () => {
      const held = await (await session.miner())['market.balance']({})
      const [escrow, locked] = [attoFilFromText(held.escrow), attoFilFromText(held.locked)]
      return { json: held, text: lines(`Escrow: ${formatFil(escrow)}`, `Locked: ${formatFil(locked)}`) }
    },
  )
}

function add(session: Session): Command {
  return answers<{ requestId?: string }>(
    session,
    {
      usage: 'add <amount>',
      about: 'Move FIL from the worker key into escrow.',
      examples: ['market add 5', 'market add "0.5 FIL" --request-id top-up-2026-11-22'],
    },
    async ({ requestId }, [text]) => {
      const row = await (await session.miner())['market.add']({
        amount: String(amount('amount', text)),
        ...(requestId === undefined ? {} : { requestId }),
      })
      return sent(session, 'AddBalance', row)
    },
    (command) => command.option('--request-id <ID>', 'asking again with the same id sends nothing twice'),
  )
}

function withdraw(session: Session): Command {
  return answers<{ requestId?: string }>(
    session,
    {
      usage: 'withdraw <amount>',
      about: 'Take unlocked FIL out of escrow, to the miner’s owner.',
      examples: ['market withdraw 1.5'],
    },
    async ({ requestId }, [text]) => {
      const row = await (await session.miner())['market.withdraw']({
        amount: String(amount('amount', text)),
        ...(requestId === undefined ? {} : { requestId }),
      })
      return sent(session, 'WithdrawBalance', row)
    },
    (command) => command.option('--request-id <ID>', 'asking again with the same id sends nothing twice'),
  )
}

/** `AddBalance message cid: bafy2…`, or what it waits for. Source: filecoin-project/lotus cli/wallet.go (market add, withdraw). */
export async function sent(session: Session, what: string, asked: MessageRow): Promise<Answer> {
  const row = await waitForCid(session, asked)
  if (row.cid !== null) return { json: row, text: lines(`${what} message cid: ${row.cid}`) }
  const why = row.failure
    ? failureText(row.failure)
    : row.waiting
      ? `waiting for ${waitingText(row.waiting, session.terminal.now())}`
      : row.state
  return {
    json: row,
    text: lines(`${what} message not sent yet: ${why}`, `see: sealane messages show ${row.uuid}`),
    ...(row.failure ? { exitCode: 1 } : {}),
  }
}
