import { appendFileSync } from 'node:fs'
import { encodeSignedMessage, marketActor } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { writing } from '@sealane/sql'
import { openMessager } from './miner-fixture.js'
import { ScriptedChain } from './scripted-chain.js'

// The messager as a process of its own: `killed-messager.js DIRECTORY JOURNAL MESSAGES PUSHES_BEFORE_DEATH`.
// It asks for messages, writes what it pushes to the journal, and kills itself -9 inside the push after that many.
const [directory = '', journal = '', messages = '0', survived = 'all'] = process.argv.slice(2)
const chain = new ScriptedChain()
let pushes = 0
chain.beforePush = (signed) => {
  if (survived !== 'all' && pushes >= Number(survived)) process.kill(process.pid, 'SIGKILL')
  pushes += 1
  appendFileSync(journal, `${Buffer.from(encodeSignedMessage(signed)).toString('hex')}\n`)
}
const rig = await openMessager(directory, chain.port())
const from = (await rig.keystore.ensure('worker', 'secp256k1')).address
chain.balances.set(from, 10n ** 21n)
await rig.watch.take({ reverts: [], applies: [chain.head], head: chain.head, first: true })
for (let at = 0; at < Number(messages); at++) {
  const request = {
    requestId: `add-${at}`,
    class: 'marketAdd' as const,
    from,
    to: marketActor,
    value: attoFil(1n),
    method: 2,
    params: new Uint8Array([at]),
    reason: 'kill test',
  }
  await writing(rig.db, (trx) => rig.messager.request(trx, request))
}
for (let at = 0; at < 20; at++) {
  await rig.messager.round()
  rig.clock.ms += 10_000
  await rig.watch.take(chain.advance())
}
await rig.db.destroy()
