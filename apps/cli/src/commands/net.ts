import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { ping } from './net-ping.js'
import { reachability } from './net-reachability.js'
import { peerRuleCommands } from './net-rules.js'

export function netCommand(session: Session): Command {
  return group('net', 'The provider’s libp2p host.', [
    id(session),
    listen(session),
    connect(session),
    peers(session),
    ping(session),
    reachability(session),
    ...peerRuleCommands(session),
  ])
}

function id(session: Session): Command {
  return answers(session, { usage: 'id', about: 'Print the peer id.', examples: ['net id'] }, async () => {
    const answer = await (await session.provider())['net.id']({})
    return { json: answer, text: lines(answer.peerId) }
  })
}

function listen(session: Session): Command {
  return answers(
    session,
    { usage: 'listen', about: 'Print the addresses others can dial.', examples: ['net listen'] },
    async () => {
      const provider = await session.provider()
      const [addrs, { peerId }] = await Promise.all([provider['net.listen']({}), provider['net.id']({})])
      const whole = addrs.map((addr) => (addr.includes('/p2p/') ? addr : `${addr}/p2p/${peerId}`))
      return { json: whole, text: lines(...whole) }
    },
  )
}

function connect(session: Session): Command {
  return answers(
    session,
    {
      usage: 'connect <addr>',
      about: 'Dial a peer, such as a deal bot that must find this provider connected.',
      examples: [
        'net connect /ip4/104.248.116.108/tcp/34929/p2p/12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau',
      ],
    },
    async (_, [addr = '']) => {
      const peer = /\/p2p\/([^/]+)$/.exec(addr)?.[1]
      if (peer === undefined) throw usage(`${addr} has no peer id: an address ends in /p2p/12D3KooW…`)
      try {
        const answer = await (await session.provider())['net.connect']({ addr })
        return { json: { ...answer, connected: true }, text: lines(`connect ${answer.peerId}: success`) }
      } catch (error) {
        session.note(`connect ${peer}: failure`)
        throw error
      }
    },
  )
}

function peers(session: Session): Command {
  return answers(
    session,
    { usage: 'peers', about: 'List connected peers and where they are.', examples: ['net peers'] },
    async () => {
      const rows = await (await session.provider())['net.peers']({})
      const sorted = [...rows].sort((a, b) => a.peerId.localeCompare(b.peerId))
      return { json: sorted, text: lines(...sorted.map((row) => `${row.peerId}, [${row.addrs.join(' ')}]`)) }
    },
  )
}
