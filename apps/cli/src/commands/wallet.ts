import { readFileSync } from 'node:fs'
import { type Address, formatAddress, parseAddress } from '@sealane/actors'
import { exportKey, importKey } from '@sealane/crypto'
import { attoFil, attoFilFromText, formatFil } from '@sealane/fil-units'
import type { Command } from 'commander'
import { lines } from '../frame/answer.js'
import { answers, group } from '../frame/answers.js'
import { amount, oneOf, usage } from '../frame/parse-args.js'
import type { Session } from '../frame/session.js'
import { walletTable } from '../show/wallet-table.js'
import { sent } from './market.js'

export function walletCommand(session: Session): Command {
  return group('wallet', 'The miner app’s keys.', [
    create(session),
    list(session),
    balance(session),
    fund(session),
    send(session),
    importCommand(session),
    exportCommand(session),
  ])
}

/** lotus' names for the kinds of key. */
const keyTypes = ['bls', 'secp256k1'] as const

function create(session: Session): Command {
  return answers<{ name?: string }>(
    session,
    {
      usage: 'new [type]',
      about: 'Make a key and print its address. Asking again for a name gives the same key.',
      examples: ['wallet new bls --name worker', 'wallet new secp256k1 --name owner'],
      notes:
        'bls gives a t3 address, secp256k1 (the default) a t1 address. The address is on chain only once someone has sent it money;\nuntil then "state get-actor" does not find it.',
    },
    async ({ name }, [type = 'secp256k1']) => {
      const miner = await session.miner()
      const kind = oneOf('the key type', type, keyTypes)
      const key = await miner['wallet.new']({ name: name ?? (await freeName(session)), type: kind })
      return { json: key, text: lines((await session.shown())(key.address)) }
    },
    (command) => command.option('--name <NAME>', 'what the key is for: owner, worker, control-post, …'),
  )
}

/** `key-1`, `key-2`, …: the first that is not taken. */
async function freeName(session: Session): Promise<string> {
  const taken = new Set((await (await session.miner())['wallet.list']({})).map((key) => key.name))
  for (let index = 1; ; index += 1) if (!taken.has(`key-${index}`)) return `key-${index}`
}

function list(session: Session): Command {
  return answers<{ id?: boolean; addrOnly?: boolean }>(
    session,
    { usage: 'list', about: 'List keys with their balances.', examples: ['wallet list', 'wallet list -i'] },
    async ({ id, addrOnly }) => {
      const keys = await (await session.miner())['wallet.list']({})
      const shown = await session.shown()
      const told = keys.map((key) => ({
        ...key,
        address: shown(key.address),
        id: key.id === null ? null : shown(key.id),
      }))
      if (addrOnly) return { json: keys, text: lines(...told.map((key) => key.address)) }
      return { json: keys, text: walletTable(told, { ids: id ?? false }) }
    },
    (command) => command.option('-i, --id', 'with ID addresses').option('-a, --addr-only', 'addresses only'),
  )
}

function balance(session: Session): Command {
  return answers(
    session,
    {
      usage: 'balance <address>',
      about: 'Print what is on an address, or on the miner’s key of that name.',
      examples: [
        'wallet balance worker',
        'wallet balance t3spocs3dxn2fwe46kyalbvfl7vklpbqmku37ua6wvnfyvo242ucjbgqmlha2cpx2jsitfcz5m7hab5d4w2vxq',
      ],
    },
    async (_, [text = '']) => {
      const { address } = await keyOrAddress(session, text)
      const chain = await session.chain()
      const held = await chain.walletBalance(address)
      const shown = formatAddress(address, await session.prefix())
      const warning = held === 0n ? ' (warning: may display 0 if chain sync in progress)' : ''
      return {
        json: { address: shown, balance: held },
        text: lines(`${formatFil(attoFilFromText(`${held}`))}${warning}`),
      }
    },
  )
}

/** An address, as it stands or by the name of the miner’s key. */
async function keyOrAddress(session: Session, text: string): Promise<{ address: Address; said: string }> {
  const prefix = await session.prefix()
  if (/^[ft]\d/.test(text)) {
    const address = parseAddress(text)
    return { address, said: formatAddress(address, prefix) }
  }
  const named = (await (await session.miner())['wallet.list']({})).find((key) => key.name === text)
  if (named === undefined) throw usage(`no key of the name ${text}: "sealane wallet list" shows the names`)
  const address = parseAddress(named.address)
  return { address, said: `${text} (${formatAddress(address, prefix)})` }
}

const payees =
  'The miner app pays its own keys, and addresses that policy.fund_addresses in its settings names; nobody else.'

function fund(session: Session): Command {
  return answers(
    session,
    {
      usage: 'fund <key> <amount>',
      about:
        'Raise a key, by name or address, to an amount from the owner’s key, once it has less than half of it.',
      examples: ['wallet fund control-post 0.5', 'wallet fund worker 20'],
      notes: `Asking again, also while the message is under way, never pays twice: it suits a timer.\n${payees}`,
    },
    async (_, [key = '', text]) => {
      const [{ address, said }, target] = [await keyOrAddress(session, key), amount('amount', text)]
      const asked = await (await session.miner())['wallet.fund']({ address, target: String(target) })
      if (asked !== null) return sent(session, 'Send', asked)
      const half = formatFil(attoFil(target / 2n))
      return { json: null, text: lines(`${said} has ${half} or more: nothing is sent`) }
    },
  )
}

function send(session: Session): Command {
  return answers<{ from: string; requestId?: string }>(
    session,
    {
      usage: 'send <target> <amount>',
      about: 'Send FIL from one of the miner’s keys to another, or to an address that its policy names.',
      examples: [
        'wallet send worker 5',
        'wallet send owner 1.5 --from worker',
        'wallet send t1ejujxx5smhi2ok2jmnd3hb63fbx7oevrjmfmika 100 --request-id cold-store-2026-11',
      ],
      notes: payees,
    },
    async ({ from, requestId }, [target = '', text]) => {
      const [{ address }, value] = [await keyOrAddress(session, target), amount('amount', text)]
      const asked = await (await session.miner())['wallet.send']({
        from,
        to: address,
        amount: String(value),
        ...(requestId === undefined ? {} : { requestId }),
      })
      return sent(session, 'Send', asked)
    },
    (command) =>
      command
        .option('--from <NAME>', 'the key that pays', 'owner')
        .option('--request-id <ID>', 'asking again with the same id sends nothing twice'),
  )
}

interface KeystoreOptions {
  keystore?: string
  identity?: string
}

function withKeystore(command: Command): Command {
  return command
    .option(
      '--keystore <DIR>',
      'the miner’s keystore folder (default: the running stack’s, or /var/lib/sealane/miner/keystore)',
    )
    .option('--identity <FILE>', 'its age identity (default: identity.txt in the folder)')
}

async function openKeystore(session: Session, o: KeystoreOptions) {
  const { KeystoreFile, keystoreDir } = await import('../keystore/keystore-file.js')
  return KeystoreFile.open(keystoreDir(session.terminal.env, o.keystore), o.identity)
}

function exportCommand(session: Session): Command {
  return answers<KeystoreOptions>(
    session,
    {
      usage: 'export <key>',
      about: 'Print a private key, by name or address, as lotus does. On the miner’s host only.',
      examples: ['wallet export owner > owner.key'],
      notes: 'The keystore’s files are opened here; no running app gives a key away.',
    },
    async (o, [text = '']) => {
      const store = await openKeystore(session, o)
      const found = await store.find(/^[ft]\d/.test(text) ? parseAddress(text) : text)
      const exported = exportKey(found.key)
      return { json: { name: found.name, address: found.address, key: exported }, text: lines(exported) }
    },
    withKeystore,
  )
}

function importCommand(session: Session): Command {
  return answers<KeystoreOptions & { name?: string }>(
    session,
    {
      usage: 'import [file]',
      about:
        'Take in a key that "lotus wallet export" printed; from standard input without a file. On the miner’s host only.',
      examples: ['wallet import owner.key --name owner'],
    },
    async (o, [file]) => {
      const name = o.name ?? (file === undefined ? undefined : /([a-z0-9-]+)(?:\.[a-z]+)?$/.exec(file)?.[1])
      if (name === undefined) throw usage('give the key a name: --name owner')
      const text =
        file === undefined || file === '-' ? await session.terminal.input() : readFileSync(file, 'utf8')
      const key = importKey(text.trim())
      const stored = await (await openKeystore(session, o)).add(name, key)
      await tellMiner(session, name, key.type)
      return {
        json: { name: stored.name, address: stored.address },
        text: lines(`imported key ${stored.address} successfully!`),
      }
    },
    (command) =>
      withKeystore(command).option('--name <NAME>', 'what the key is for (default: the file’s name)'),
  )
}

/** A running miner app takes up the file when it is asked for the name; one that is down reads it at its start. */
async function tellMiner(session: Session, name: string, type: 'bls' | 'secp256k1'): Promise<void> {
  try {
    await (await session.miner())['wallet.new']({ name, type })
  } catch {
    session.note('the miner app takes it up at its next start')
  }
}
