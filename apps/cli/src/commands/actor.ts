import { attoFilFromText, formatDecimal, formatFilShort, formatSize } from '@sealane/fil-units'
import type { minerOperator, ResultOf } from '@sealane/proto'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { facts } from '../show/facts.js'
import { share } from '../show/power-text.js'
import { controlList } from './actor-control.js'
import { sent } from './market.js'
import { waitForCid } from './wait-for-cid.js'

export function actorCommand(session: Session): Command {
  return group('actor', 'The miner actor on chain.', [
    info(session),
    setAddrs(session),
    setPeerId(session),
    group('control', 'The addresses that may send for the miner.', [controlList(session)]),
  ])
}

function info(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      about: 'Print owner, worker, balances and power of the miner.',
      examples: ['actor info'],
    },
    async () => {
      const answer = await (await session.miner())['actor.info']({})
      return { json: answer, text: actorText(answer) }
    },
  )
}

/** The head of lotus-miner's `info`, with what is asked for most. */
export function actorText(info: ResultOf<(typeof minerOperator)['actor.info']>): string {
  const [raw, network, quality] = [
    BigInt(info.rawPower),
    BigInt(info.networkRawPower),
    BigInt(info.qualityPower),
  ]
  return [
    `Miner: ${info.miner} (${formatSize(BigInt(info.sectorSize))} sectors)\n`,
    `Power: ${formatDecimal(quality)}\n`,
    `\tRaw: ${formatSize(raw)} / ${formatSize(network)} (${share(raw, network)})\n\n`,
    facts([
      ['Miner Balance:', formatFilShort(attoFilFromText(info.balance))],
      ['   Available:', formatFilShort(attoFilFromText(info.available))],
      ['Owner:', info.owner],
      ['Worker:', info.worker],
      ...info.controls.map((control, index) => [`Control ${index}:`, control] as const),
    ]),
  ].join('')
}

function setAddrs(session: Session): Command {
  return answers<{ unset?: boolean }>(
    session,
    {
      usage: 'set-addrs [addrs...]',
      about: 'Put the addresses on chain under which clients find this provider.',
      examples: ['actor set-addrs /ip4/203.0.113.7/tcp/24001', 'actor set-addrs --unset'],
      notes: 'Without addresses: those the running provider listens on. An address carries no /p2p part.',
    },
    async ({ unset }, addrs) => {
      if (unset && addrs.length > 0) throw usage('unset can only be used with no arguments')
      const given = unset ? [] : addrs.length > 0 ? addrs : await (await session.provider())['net.listen']({})
      const multiaddrs = given.map((addr) => addr.replace(/\/p2p\/[^/]+$/, ''))
      const bad = multiaddrs.find((addr) => !addr.startsWith('/'))
      if (bad !== undefined) throw usage(`failed to parse "${bad}" as a multiaddr: must begin with /`)
      const row = await waitForCid(session, await (await session.miner())['actor.setAddrs']({ multiaddrs }))
      if (row.cid === null) return await sent(session, 'ChangeMultiaddrs', row)
      return { json: row, text: lines(`Requested multiaddrs change in message ${row.cid}`) }
    },
    (command) => command.option('--unset', 'remove all addresses'),
  )
}

function setPeerId(session: Session): Command {
  return answers(
    session,
    {
      usage: 'set-peer-id [peerId]',
      about: 'Put the peer id on chain by which clients know this provider.',
      examples: [
        'actor set-peer-id',
        'actor set-peer-id 12D3KooWJsfHmJeqvorTnmdtGx2Ag4Js3fDz8YnJJU6tgAtSWVFx',
      ],
      notes: 'Without a peer id: the running provider’s own.',
    },
    async (_, [given]) => {
      const peerId = given ?? (await (await session.provider())['net.id']({})).peerId
      const row = await waitForCid(session, await (await session.miner())['actor.setPeerId']({ peerId }))
      if (row.cid === null) return await sent(session, 'ChangePeerID', row)
      return { json: row, text: lines(`Requested peerid change in message ${row.cid}`) }
    },
  )
}
