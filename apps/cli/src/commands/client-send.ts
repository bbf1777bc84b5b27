import { formatAddress, parseAddress } from '@sealane/actors'
import type { Command } from 'commander'
import { clientKey } from '../client/client-wallet.js'
import { requireFunds } from '../client/require-funds.js'
import { sendMessage } from '../client/send-message.js'
import { clientDir } from '../connect/run-state.js'
import { lines } from '../frame/answer.js'
import { answers } from '../frame/answers.js'
import { amount } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'

/** `client send`. Source: filecoin-project/lotus cli/send.go, as recorded. */
export function clientSend(session: Session): Command {
  return answers<{ json?: boolean }>(
    session,
    {
      usage: 'send <targetAddress> <amount>',
      about: 'Send FIL from the client’s key, and wait until the message has executed. Prints its CID.',
      examples: ['client send t1ejujxx5smhi2ok2jmnd3hb63fbx7oevrjmfmika 0.5'],
      notes:
        'The amount is in FIL unless it says attofil. The miner app’s keys pay each other with "sealane wallet send".',
    },
    async ({ json }, [targetText = '', amountText]) => {
      const [target, value] = [parseAddress(targetText), amount('amount', amountText)]
      const [chain, { key, address }, prefix] = await Promise.all([
        session.chain(),
        clientKey(clientDir(session.terminal.env)),
        session.prefix(),
      ])
      const [from, to] = [formatAddress(address, prefix), formatAddress(target, prefix)]
      const told = lines(`Sending message from: ${from}`, `Sending message to: ${to}`, 'Using Method: 0')
      if (!json) session.terminal.out(told)
      await requireFunds(chain, address, value, prefix)
      const cid = await sendMessage(chain, key, {
        from: address,
        to: target,
        value,
        method: 0,
        params: new Uint8Array(),
        signal: session.terminal.signal,
      })
      return { json: { cid, from, to, value }, text: lines(cid) }
    },
  )
}
