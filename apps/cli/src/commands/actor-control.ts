import { type Address, formatAddress } from '@sealane/actors'
import type { Command } from 'commander'
import { ownMiner } from '../connect/own-miner.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { type ControlRow, controlTable } from '../show/control-table.js'

/** `actor control list`. */
export function controlList(session: Session): Command {
  return answers<{ verbose?: boolean }>(
    session,
    {
      usage: 'list',
      about: 'List owner, worker, beneficiary and control addresses: what each is for, and its balance.',
      examples: ['actor control list', 'actor control list --verbose'],
    },
    async ({ verbose }) => {
      const [chain, miner, prefix] = await Promise.all([session.chain(), ownMiner(session), session.prefix()])
      const info = await chain.minerInfo(miner)
      const named: [string, Address, string][] = [
        ['owner', info.owner, 'other'],
        ['worker', info.worker, info.controlAddresses.length === 0 ? 'post commit deals' : 'commit deals'],
        ['beneficiary', info.beneficiary, 'other'],
        ...info.controlAddresses.map((control, index): [string, Address, string] => [
          `control-${index}`,
          control,
          // The miner app sends WindowPoSt and declarations from its first control address, and nothing from others.
          index === 0 ? 'post' : 'other',
        ]),
      ]
      const rows = await Promise.all(
        named.map(async ([name, id, use]): Promise<ControlRow> => {
          const [key, actor] = await Promise.all([chain.accountKey(id).catch(() => id), chain.getActor(id)])
          const shown = { id: formatAddress(id, prefix), key: formatAddress(key, prefix) }
          return { name, ...shown, use, balance: String(actor?.balance ?? 0n) }
        }),
      )
      return { json: rows, text: controlTable(rows, verbose ?? false) }
    },
    (command) => command.option('-v, --verbose', 'with whole addresses'),
  )
}
