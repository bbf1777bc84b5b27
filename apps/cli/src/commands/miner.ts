import { setTimeout as pause } from 'node:timers/promises'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { size, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { waitingText } from '../show/state-text.js'

export function minerCommand(session: Session): Command {
  return group('miner', 'The miner actor.', [init(session)])
}

/** How often the miner app is asked how far it is. Unit: ms. */
const pollMs = 300

interface Options {
  sectorSize: string
  peerId?: string
  multiaddr?: string[]
  wait: boolean
}

function init(session: Session): Command {
  return answers<Options>(
    session,
    {
      usage: 'init',
      about: 'Create the miner actor, with the PoSt control address, and wait until it is on chain.',
      examples: [
        'miner init --sector-size 32GiB',
        'miner init --sector-size 2KiB --peer-id 12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx --multiaddr /ip4/203.0.113.7/tcp/24001',
      ],
      notes:
        'Needs keys named owner, worker and control-post (sealane wallet new) with money on them. Safe to repeat: it goes on where it was and\nnever makes a second miner. Without --peer-id and --multiaddr: those of the provider that runs here.',
    },
    async (o) => {
      const sectorSize = size('sector-size', o.sectorSize)
      const { peerId, multiaddrs } = await whereabouts(session, o)
      const miner = await session.miner()
      const ask = () => miner.init({ sectorSize: String(sectorSize), peerId, multiaddrs })
      let told = ''
      for (;;) {
        const answer = await ask()
        if (answer.state === 'done') {
          const robust = answer.robust === null ? '' : ` (${answer.robust})`
          return { json: answer, text: lines(`New miners address is: ${answer.miner ?? ''}${robust}`) }
        }
        const waits = answer.waiting === null ? '' : answer.waiting.for
        if (waits !== told && answer.waiting) {
          session.note(`Waiting for ${waitingText(answer.waiting, session.terminal.now())}`)
          if (answer.createMessageCid && answer.miner === null)
            session.note(`Waiting for message: ${answer.createMessageCid}`)
          told = waits
        }
        if (!o.wait)
          return {
            json: answer,
            text: lines(`not done yet: ${waits === '' ? answer.state : waits}`, 'run it again to go on'),
          }
        await pause(pollMs, undefined, { signal: session.terminal.signal })
      }
    },
    (command) =>
      command
        .requiredOption(
          '--sector-size <SIZE>',
          'sector size of all its sectors, for ever: 2KiB, 8MiB, 32GiB, 64GiB',
        )
        .option('--peer-id <ID>', 'libp2p peer id of the provider')
        .option(
          '--multiaddr <ADDR>',
          'where clients dial the provider; may be repeated',
          (addr: string, before: string[] = []) => [...before, addr],
        )
        .option('--no-wait', 'ask once, say how far it is, and return'),
  )
}

async function whereabouts(session: Session, o: Options): Promise<{ peerId: string; multiaddrs: string[] }> {
  if (o.peerId !== undefined) return { peerId: o.peerId, multiaddrs: o.multiaddr ?? [] }
  try {
    const provider = await session.provider()
    const [{ peerId }, listening] = await Promise.all([provider['net.id']({}), provider['net.listen']({})])
    return { peerId, multiaddrs: o.multiaddr ?? listening }
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'NOT_RUNNING') throw error
    throw usage(
      'no provider runs here: give --peer-id and --multiaddr ("sealane net id" and "net listen" on the provider’s host print them)',
    )
  }
}
