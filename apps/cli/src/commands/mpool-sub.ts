import { rpcSubscribe, stringifyJson } from '@sealane/chain'
import type { Command } from 'commander'
import { jsonText } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'

/** `mpool sub`: a stream, so it prints by itself. */
export function sub(session: Session): Command {
  return answers<{ json?: boolean }>(
    session,
    {
      usage: 'sub',
      about:
        'Print each message that comes into the node’s pool (Type 0) or leaves it (Type 1), until Ctrl-C.',
      examples: ['mpool sub', 'mpool sub --json'],
      notes: 'With --json each is on one line.',
    },
    async ({ json }) => {
      const { out, signal } = session.terminal
      for await (const update of rpcSubscribe(await session.nodes(), 'Filecoin.MpoolSub', [], signal)) {
        const line = stringifyJson(update)
        out(json ? `${line}\n` : jsonText(JSON.parse(line)))
      }
      // The stream was the answer.
      return { json: undefined, text: '' }
    },
  )
}
