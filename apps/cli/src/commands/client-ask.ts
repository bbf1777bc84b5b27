import { formatAddress, parseAddress } from '@sealane/actors'
import { paddedSize, UnitsError } from '@sealane/fil-units'
import { queryAsk } from '@sealane/market/node'
import type { Command } from 'commander'
import { dialProvider } from '../client/dial-provider.js'
import { answers } from '../frame/answers.js'
import { natural, size, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { clientAskText } from '../show/ask-table.js'

/** `client query-ask`. */
export function askCommand(session: Session): Command {
  return answers<{ size?: string; duration?: string }>(
    session,
    {
      usage: 'query-ask <minerAddress>',
      about: 'Ask a provider for its ask, and what a piece of some size would cost.',
      examples: ['client query-ask t01000', 'client query-ask --size 32GiB --duration 518400 t01000'],
    },
    async (o, [text = '']) => {
      const miner = parseAddress(text)
      const piece =
        o.size === undefined
          ? undefined
          : {
              size: paddedArgument(o.size),
              durationEpochs: o.duration === undefined ? undefined : natural('duration', o.duration),
            }
      const { connection, stop } = await dialProvider(await session.chain(), miner, session.terminal.signal)
      try {
        const signed = await queryAsk(connection, miner, { signal: session.terminal.signal })
        const shown = formatAddress(miner, await session.prefix())
        return { json: signed, text: clientAskText(shown, signed?.ask, piece) }
      } finally {
        await stop()
      }
    },
    (command) =>
      command
        .option('--size <SIZE>', 'padded size of a piece, to be told its price per epoch')
        .option('--duration <EPOCHS>', 'with --size: to be told the price of the whole deal'),
  )
}

function paddedArgument(text: string) {
  try {
    return paddedSize(size('size', text))
  } catch (error) {
    if (!(error instanceof UnitsError)) throw error
    throw usage(`size ${text}: ${error.message}`)
  }
}
