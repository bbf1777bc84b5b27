import { parseAddress, signedMessageCid, signedMessageToJson } from '@sealane/actors'
import type { Command } from 'commander'
import { jsonText, lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'

export function mpoolCommand(session: Session): Command {
  return group('mpool', 'The chain node’s message pool.', [pending(session)])
}

function pending(session: Session): Command {
  return answers<{ local?: boolean; cids?: boolean; to?: string; from?: string }>(
    session,
    {
      usage: 'pending',
      about: 'Print messages that are not in a block yet.',
      examples: [
        'mpool pending',
        'mpool pending --cids',
        'mpool pending --from t3r55bj7ng334apf3iy4ytrwwmeovrongerccqlxyjpgdlgoau4y7kckcruvozywxt35vvp2d72gdmtu42nu3a',
      ],
    },
    async ({ local, cids, to, from }) => {
      const chain = await session.chain()
      const [messages, prefix] = await Promise.all([chain.mpoolPending(), session.prefix()])
      const ours = local
        ? new Set((await (await session.miner())['wallet.list']({})).map((key) => parseAddress(key.address)))
        : undefined
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
