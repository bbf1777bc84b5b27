import { setTimeout as pause } from 'node:timers/promises'
import { parseAddress, parseCid } from '@sealane/actors'
import { type Json, rpcCall, stringifyJson } from '@sealane/chain'
import { attoFilFromText, formatFil } from '@sealane/fil-units'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { amount, natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { devnetText, holdLines } from '../show/devnet-text.js'

export function devnetCommand(session: Session): Command {
  return group('devnet', 'The embedded chain.', [
    info(session),
    advance(session),
    fund(session),
    nullRounds(session),
    reorg(session),
  ])
}

async function call(session: Session, method: string, params: readonly Json[]): Promise<Json> {
  return await rpcCall(await session.nodes(), method, params)
}

function info(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print what the devnet is, what its clock does and waits for, and what it simplifies.',
      examples: ['devnet info'],
    },
    async () => {
      const answer = await call(session, 'Devnet.Info', [])
      return { json: JSON.parse(stringifyJson(answer)), text: devnetText(answer) }
    },
  )
}

/** How often a running advance is looked at. Unit: ms. */
const pollMs = 200

function advance(session: Session): Command {
  return answers<{ force?: boolean; wait: boolean }>(
    session,
    {
      usage: 'advance <epochs>',
      about: 'Let epochs pass quickly. Holds before deadlines that owe a WindowPoSt, unless told not to.',
      examples: ['devnet advance 2880', 'devnet advance 60 --force'],
    },
    async ({ force, wait }, [text]) => {
      const epochs = natural('epochs', text)
      const chain = await session.chain()
      const from = (await chain.head()).height
      const target = Number(await call(session, 'Devnet.Advance', [epochs, force ?? false]))
      let told = ''
      for (let height: number = from; wait && height < target; height = (await chain.head()).height) {
        await pause(pollMs, undefined, { signal: session.terminal.signal })
        const holds = holdLines(await call(session, 'Devnet.Holds', [])).join('; ')
        if (holds !== told && holds !== '') session.note(`epoch ${height}, holding for ${holds}`)
        told = holds
      }
      const to = (await chain.head()).height
      return { json: { from, to, target }, text: lines(`epoch ${from} → ${to}`) }
    },
    (command) =>
      command
        .option('--force', 'pass deadlines that owe a WindowPoSt: their sectors become faulty')
        .option('--no-wait', 'return at once'),
  )
}

function fund(session: Session): Command {
  return answers<{ toBalance?: boolean; wait: boolean }>(
    session,
    {
      usage: 'fund <address> <amount>',
      about: 'Send FIL from the faucet, and wait until it has arrived.',
      examples: [
        'devnet fund t1w3ch536xa2xka5fw3gf2iv7tffkpoajvm4wtmjq 100',
        'devnet fund t1w3ch536xa2xka5fw3gf2iv7tffkpoajvm4wtmjq 100 --to-balance',
      ],
    },
    async ({ toBalance, wait }, [addressText = '', amountText]) => {
      const address = parseAddress(addressText)
      const value = amount('amount', amountText)
      const method = toBalance ? 'Devnet.FundTo' : 'Devnet.Fund'
      const answer = await call(session, method, [address, String(value)])
      const cid = (answer as { '/'?: string } | null)?.['/'] ?? (typeof answer === 'string' ? answer : null)
      const chain = await session.chain()
      if (wait && cid !== null) {
        while ((await chain.searchMessage(parseCid(cid))) === undefined) {
          await pause(200, undefined, { signal: session.terminal.signal })
        }
      }
      const balance = await chain.walletBalance(address)
      const text = cid === null ? 'has that much already' : cid
      return {
        json: { cid, balance },
        text: lines(text, `balance: ${formatFil(attoFilFromText(`${balance}`))}`),
      }
    },
    (command) =>
      command
        .option('--to-balance', 'send only what is missing to reach the amount')
        .option('--no-wait', 'return at once'),
  )
}

function nullRounds(session: Session): Command {
  return answers(
    session,
    {
      usage: 'null-rounds <rounds>',
      about:
        'Let rounds pass without a block, then make one: what a chain does whose miners all lose a round.',
      examples: ['devnet null-rounds 5'],
    },
    async (_options, [text]) => {
      const rounds = natural('rounds', text)
      const height = Number(await call(session, 'Devnet.NullRounds', [rounds]))
      return { json: { rounds, height }, text: lines(`${rounds} null rounds, head ${height}`) }
    },
  )
}

function reorg(session: Session): Command {
  return answers<{ withhold?: boolean }>(
    session,
    {
      usage: 'reorg <depth>',
      about:
        'Replace the last tipsets by others and one more. Their messages go back to the pool, and into the new blocks.',
      examples: ['devnet reorg 5', 'devnet reorg 3 --withhold'],
    },
    async ({ withhold }, [text]) => {
      const depth = natural('depth', text)
      const height = Number(await call(session, 'Devnet.Reorg', [depth, withhold ?? false]))
      return {
        json: { depth, withhold: withhold ?? false, height },
        text: lines(`${depth} tipsets replaced, head ${height}`),
      }
    },
    (command) => command.option('--withhold', 'leave their messages in the pool: they land in later blocks'),
  )
}
