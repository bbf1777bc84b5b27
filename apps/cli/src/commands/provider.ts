import { formatSize } from '@sealane/fil-units'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { facts } from '../show/facts.js'

export function providerCommand(session: Session): Command {
  return group('provider', 'The provider itself.', [info(session), setMiner(session)])
}

function info(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print whom the provider serves, where it listens and how full its staging is.',
      examples: ['provider info'],
    },
    async () => {
      const status = await (await session.provider()).status({})
      const text = facts([
        ['Miner', status.miner === '' ? 'not known yet: sealane provider set-miner ADDRESS' : status.miner],
        ['Peer id', status.peerId],
        ...status.multiaddrs.map((addr) => ['Address', addr] as const),
        ['Chain head', status.headEpoch ?? 'no chain node answers'],
        [
          'Staging',
          `${formatSize(BigInt(status.stagingUsedBytes))} of ${formatSize(BigInt(status.stagingLimitBytes))}`,
        ],
      ])
      return { json: status, text }
    },
  )
}

function setMiner(session: Session): Command {
  return answers(
    session,
    {
      usage: 'set-miner <address>',
      about: 'Tell the provider whose deals it takes, when its configuration does not say.',
      examples: ['provider set-miner t01000'],
    },
    async (_, [address = '']) => {
      const answer = await (await session.provider())['miner.set']({ address })
      return { json: answer, text: lines(`deals are taken for ${answer.miner}`) }
    },
  )
}
