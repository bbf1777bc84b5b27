import {
  type Address,
  formatAddress,
  parseAddress,
  type SignedMessage,
  signedMessageCid,
  signedMessageToJson,
} from '@sealane/actors'
import { type ChainPort, type Json, rpcCall, stringifyJson, type TipSet } from '@sealane/chain'
import type { Command } from 'commander'
import { jsonText, lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { natural } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { gasPerf, gasPerfText, mpoolStatText, senderStat } from '../show/mpool-text.js'
import { replace } from './mpool-replace.js'
import { sub } from './mpool-sub.js'

export function mpoolCommand(session: Session): Command {
  return group('mpool', 'The chain node’s message pool.', [
    pending(session),
    stat(session),
    find(session),
    config(session),
    gasPerfCommand(session),
    replace(session),
    sub(session),
  ])
}

function pending(session: Session): Command {
  return answers<{ local?: boolean; cids?: boolean; to?: string; from?: string }>(
    session,
    {
      usage: 'pending',
      watch: true,
      about: 'Print messages that are not in a block yet.',
      examples: [
        'mpool pending',
        'mpool pending --cids --watch',
        'mpool pending --from t3r55bj7ng334apf3iy4ytrwwmeovrongerccqlxyjpgdlgoau4y7kckcruvozywxt35vvp2d72gdmtu42nu3a',
      ],
    },
    async ({ local, cids, to, from }) => {
      const chain = await session.chain()
      const [messages, prefix, ours] = await Promise.all([
        chain.mpoolPending(),
        session.prefix(),
        local ? ownKeys(session) : undefined,
      ])
      const [sender, receiver] = [from, to].map((text) =>
        text === undefined ? undefined : parseAddress(text),
      )
      const shown = messages.filter(
        ({ message }) =>
          (sender === undefined || message.from === sender) &&
          (receiver === undefined || message.to === receiver) &&
          (ours === undefined || ours.has(message.from)),
      )
      if (cids) {
        const list = shown.map(signedMessageCid)
        return { json: list, text: lines(...list) }
      }
      const json = shown.map((message) => signedMessageToJson(message, prefix))
      return { json, text: json.map(jsonText).join('') }
    },
    (command) =>
      command
        .option('--local', 'of the miner app’s own keys only')
        .option('--cids', 'CIDs only')
        .option('--to <ADDRESS>', 'to this address only')
        .option('--from <ADDRESS>', 'from this address only'),
  )
}

async function ownKeys(session: Session): Promise<ReadonlySet<Address>> {
  const keys = await (await session.miner())['wallet.list']({})
  return new Set(keys.map((key) => parseAddress(key.address)))
}

function stat(session: Session): Command {
  return answers<{ local?: boolean; basefeeLookback: string }>(
    session,
    {
      usage: 'stat',
      watch: true,
      about: 'Count pooled messages by sender: used nonces, next ones, those above a gap, fee caps too low.',
      examples: ['mpool stat', 'mpool stat --local --basefee-lookback 60'],
      notes:
        'past: the chain has used that nonce. future: a nonce below it is missing, so it cannot go.\nFeeCap cur, min-N: below the base fee now, and below the lowest one of the last N epochs.',
    },
    async ({ local, basefeeLookback }) => {
      const lookback = natural('--basefee-lookback', basefeeLookback)
      const chain = await session.chain()
      const head = await chain.head()
      const [messages, prefix, ours, lowestBaseFee] = await Promise.all([
        chain.mpoolPending(),
        session.prefix(),
        local ? ownKeys(session) : undefined,
        lowestFee(chain, head, lookback),
      ])
      const bySender = new Map<Address, SignedMessage[]>()
      for (const signed of messages) {
        const { from } = signed.message
        if (ours === undefined || ours.has(from)) bySender.set(from, [...(bySender.get(from) ?? []), signed])
      }
      const baseFee = baseFeeOf(head)
      const stats = await Promise.all(
        [...bySender].map(async ([from, sent]) => {
          const nonce = (await chain.getActor(from, head.key))?.nonce ?? 0
          return senderStat(formatAddress(from, prefix), sent, { nonce, baseFee, lowestBaseFee })
        }),
      )
      return { json: { baseFee, lowestBaseFee, senders: stats }, text: mpoolStatText(stats, lookback) }
    },
    (command) =>
      command
        .option('--local', 'of the miner app’s own keys only')
        .option('--basefee-lookback <N>', 'epochs to look back for the lowest base fee', '60'),
  )
}

function baseFeeOf(tipSet: TipSet): bigint {
  return tipSet.blocks[0]?.parentBaseFee ?? 0n
}

async function lowestFee(chain: ChainPort, head: TipSet, lookback: number): Promise<bigint> {
  let lowest = baseFeeOf(head)
  for (let [at, left]: [TipSet, number] = [head, lookback]; left > 0 && at.height > 0; left -= 1) {
    at = await chain.tipSet(at.blocks[0]?.parents ?? [])
    if (baseFeeOf(at) < lowest) lowest = baseFeeOf(at)
  }
  return lowest
}

function find(session: Session): Command {
  return answers<{ from?: string; to?: string; method?: string }>(
    session,
    {
      usage: 'find',
      about: 'Print pooled messages of a sender, to a receiver or of a method, as one JSON list.',
      examples: ['mpool find --to t01000', 'mpool find --to t01000 --method 5'],
    },
    async ({ from, to, method }) => {
      const chain = await session.chain()
      const number = method === undefined ? undefined : natural('--method', method)
      const [sender, receiver] = [from, to].map((text) =>
        text === undefined ? undefined : parseAddress(text),
      )
      const [messages, prefix] = await Promise.all([chain.mpoolPending(), session.prefix()])
      const found = messages
        .filter(
          ({ message }) =>
            (sender === undefined || message.from === sender) &&
            (receiver === undefined || message.to === receiver) &&
            (number === undefined || message.method === number),
        )
        .map((message) => signedMessageToJson(message, prefix))
      return { json: found, text: jsonText(found) }
    },
    (command) =>
      command
        .option('--from <ADDRESS>', 'from this address only')
        .option('--to <ADDRESS>', 'to this address only')
        .option('--method <N>', 'of this method number only'),
  )
}

function config(session: Session): Command {
  return answers(
    session,
    {
      usage: 'config',
      about: 'Print the settings of the node’s message pool: whose messages go first, fee ratio, size.',
      examples: ['mpool config'],
    },
    async () => {
      const found: Json = await rpcCall(await session.nodes(), 'Filecoin.MpoolGetConfig', [])
      const text = stringifyJson(found)
      return { json: JSON.parse(text), text: lines(text) }
    },
  )
}

function gasPerfCommand(session: Session): Command {
  return answers<{ all?: boolean }>(
    session,
    {
      usage: 'gas-perf',
      about: 'Print what pooled messages pay a block producer: sender, nonce, attoFIL, and that per gas.',
      examples: ['mpool gas-perf', 'mpool gas-perf --all'],
      notes: 'Without --all: those of the miner app’s own keys.',
    },
    async ({ all }) => {
      const chain = await session.chain()
      const [messages, prefix, ours, head] = await Promise.all([
        chain.mpoolPending(),
        session.prefix(),
        all ? undefined : ownKeys(session),
        chain.head(),
      ])
      const shown = messages.filter(({ message }) => ours === undefined || ours.has(message.from))
      const baseFee = baseFeeOf(head)
      const json = shown.map((signed) => ({
        from: formatAddress(signed.message.from, prefix),
        nonce: signed.message.nonce,
        ...gasPerf(signed, baseFee),
      }))
      return { json, text: gasPerfText(json) }
    },
    (command) => command.option('--all', 'of every sender'),
  )
}
