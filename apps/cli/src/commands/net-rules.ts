import type { PeerBlocks } from '@sealane/proto'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import type { Session } from '../frame/session.js'

/** `net protect|unprotect|list-protected` and `net block …`. */
export function peerRuleCommands(session: Session): Command[] {
  return [protect(session), unprotect(session), listProtected(session), block(session)]
}

const examplePeer = '12D3KooWPhWQduBfQkCgExfwvpAQtT5A2VaBTaZ7PuKaFasefcau'

function protect(session: Session): Command {
  return answers(
    session,
    {
      usage: 'protect <peers...>',
      about: 'Add one or more peer IDs to the list of protected peer connections.',
      examples: [`net protect ${examplePeer}`],
      notes:
        'Protected peers are closed last when there are too many connections, and the last free ones are kept for them.',
    },
    async (_, peerIds) => {
      const all = await (await session.provider())['net.protect']({ peerIds: [...peerIds] })
      return { json: all, text: lines('added to protected peers:', ...peerIds.map((id) => ` ${id}`)) }
    },
  )
}

function unprotect(session: Session): Command {
  return answers(
    session,
    {
      usage: 'unprotect <peers...>',
      about: 'Remove one or more peer IDs from the list of protected peer connections.',
      examples: [`net unprotect ${examplePeer}`],
    },
    async (_, peerIds) => {
      const all = await (await session.provider())['net.unprotect']({ peerIds: [...peerIds] })
      return { json: all, text: lines('removed from protected peers:', ...peerIds.map((id) => ` ${id}`)) }
    },
  )
}

function listProtected(session: Session): Command {
  return answers(
    session,
    {
      usage: 'list-protected',
      about: 'List the peer IDs with protected connection.',
      examples: ['net list-protected'],
    },
    async () => {
      const all = await (await session.provider())['net.protected']({})
      return { json: all, text: lines(...all) }
    },
  )
}

const kinds = [
  {
    word: 'peer',
    what: 'peers',
    title: 'Blocked Peers:',
    arg: 'peers',
    about: 'peers',
    example: examplePeer,
  },
  {
    word: 'ip',
    what: 'ips',
    title: 'Blocked IPs:',
    arg: 'addresses',
    about: 'IP addresses',
    example: '203.0.113.7',
  },
  {
    word: 'subnet',
    what: 'subnets',
    title: 'Blocked Subnets:',
    arg: 'subnets',
    about: 'IP subnets',
    example: '203.0.113.0/24',
  },
] as const

function block(session: Session): Command {
  return group('block', 'Peers and networks that are kept out.', [
    blockList(session),
    group('add', 'Keep out: open connections are closed at once.', changes(session, 'add')),
    group('remove', 'Let in again.', changes(session, 'remove')),
  ])
}

function changes(session: Session, verb: 'add' | 'remove'): Command[] {
  return kinds.map(({ word, what, arg, about, example }) =>
    answers(
      session,
      {
        usage: `${word} <${arg}...>`,
        about: `${verb === 'add' ? 'Block' : 'Unblock'} ${about}, until told otherwise, restarts too.`,
        examples: [`net block ${verb} ${word} ${example}`],
      },
      async (_, names) => {
        const provider = await session.provider()
        const call = verb === 'add' ? provider['net.block'] : provider['net.unblock']
        const blocks = await call({ what, names: [...names] })
        return { json: blocks, text: blocksText(blocks) }
      },
    ),
  )
}

function blockList(session: Session): Command {
  return answers(
    session,
    {
      usage: 'list',
      about: 'List what is blocked: peers, IP addresses, subnets.',
      examples: ['net block list'],
      notes: 'Of the configuration’s black list, libp2p.blacklist_peers, nothing is shown here.',
    },
    async () => {
      const blocks = await (await session.provider())['net.blocks']({})
      return { json: blocks, text: blocksText(blocks) }
    },
  )
}

/** As lotus prints it: a kind without entries has no title. */
function blocksText(blocks: PeerBlocks): string {
  return lines(
    ...kinds.flatMap(({ what, title }) =>
      blocks[what].length === 0 ? [] : [title, ...blocks[what].map((name) => `\t${name}`)],
    ),
  )
}
