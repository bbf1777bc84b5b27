import { appendFileSync } from 'node:fs'
import { encodeSignedMessage, keyAddress } from '@sealane/actors'
import { generateKey, publicKey } from '@sealane/crypto'
import { attoFil } from '@sealane/fil-units'
import { Funding } from '../wallet/funding.js'
import { openMessager } from './miner-fixture.js'
import { ScriptedChain } from './scripted-chain.js'

// Raising an address from the owner's key, as a process of its own: `killed-funding.js DIRECTORY JOURNAL WHERE`. It writes what it pushes to
// the journal, and kills itself -9 at WHERE: `planned` (the row is written), `push` (signed, no node has it), `pooled` (a node has it, the
// row does not say so), `landed` (executed, not yet believed), `never`. It ends by printing how much the owner has spent.
const [directory = '', journal = '', where = 'never'] = process.argv.slice(2)
const target = attoFil(10n ** 18n)
const chain = new ScriptedChain()
const key = generateKey('secp256k1', new Uint8Array(32).fill(3))
const worker = keyAddress(key.type, publicKey(key))
const die = (at: string) => {
  if (at === where) process.kill(process.pid, 'SIGKILL')
}
chain.beforePush = (signed) => {
  die('push')
  appendFileSync(journal, `${Buffer.from(encodeSignedMessage(signed)).toString('hex')}\n`)
  // The answer is written after the push has returned.
  queueMicrotask(() => die('pooled'))
}
const rig = await openMessager(directory, chain.port(), { mayFund: (address) => address === worker })
const owner = (await rig.keystore.ensure('owner', 'secp256k1')).address
chain.balances.set(owner, 10n ** 21n)
const funding = new Funding(rig.db, chain.port(), rig.watch, rig.wallet, rig.messager)
await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
for (let at = 0; at < 20; at++) {
  await funding.raise(worker, target)
  die('planned')
  await rig.messager.round()
  rig.clock.ms += 10_000
  await rig.watch.take(chain.advance())
  if (at === 1) die('landed')
  // The receipt is in the tipset after the one that carries the message.
  if (at > 1) chain.balances.set(worker, target)
}
const rows = await rig.db.selectFrom('messages').select(['value', 'state', 'nonce']).execute()
process.stdout.write(JSON.stringify(rows))
await rig.db.destroy()
