import type { Command } from 'commander'
import { reach } from '../client/dial-provider.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { type Dialled, onChainDiffers, reachabilityText } from '../show/reachability-text.js'

/** One address that does not answer within this is said to fail. Unit: ms. */
const dialTimeoutMs = 5_000

/** `net reachability`. */
export function reachability(session: Session): Command {
  return answers<{ dial: boolean }>(
    session,
    {
      usage: 'reachability',
      about: 'Print whether clients can find and reach the provider, and why not.',
      examples: ['net reachability', 'net reachability --no-dial'],
      notes:
        'Public: a peer has come in from the internet. This machine dials every address too: run it at home, and it is a client from outside.\nExits with 1 when the chain tells clients something else, or no address could be dialled.',
    },
    async ({ dial }) => {
      const found = await (await session.provider())['net.reachability']({})
      const dialled: Dialled[] | undefined = dial
        ? await Promise.all(
            found.addresses.map(async (address) => {
              const deadline = AbortSignal.timeout(dialTimeoutMs)
              const signal = AbortSignal.any([session.terminal.signal, deadline])
              return { address, ...(await reach(address, found.peerId, signal)) }
            }),
          )
        : undefined
      const bad =
        onChainDiffers(found) !== undefined ||
        (dialled !== undefined && !dialled.some((one) => 'tookMs' in one))
      return {
        json: { ...found, dialled: dialled ?? null },
        text: reachabilityText(found, dialled, session.terminal.now()),
        ...(bad ? { exitCode: 1 } : {}),
      }
    },
    (command) => command.option('--no-dial', 'ask the provider only, dial nothing from here'),
  )
}
