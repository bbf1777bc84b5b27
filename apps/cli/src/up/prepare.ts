import { createHash } from 'node:crypto'
import { type Address, addBalanceParams, idAddress, marketMethods, parseAddress } from '@sealane/actors'
import { type ChainPort, rpcCall } from '@sealane/chain'
import type { KeyInfo } from '@sealane/crypto'
import { formatFil, parseFil } from '@sealane/fil-units'
import { sendMessage } from '../client/send-message.js'
import type { operators } from '../connect/operators.js'
import type { Teller } from './teller.js'
import { waitUntil } from './wait-until.js'

type Apps = ReturnType<typeof operators>

/** What each key should have before anything starts. The devnet's deposits and pledges are a few thousandths of a FIL. */
const targets = {
  owner: parseFil('100'),
  worker: parseFil('50'),
  'control-post': parseFil('20'),
  client: parseFil('10'),
} as const
/** Market escrow of provider and client. */
const escrow = { provider: parseFil('2'), client: parseFil('2') } as const
const marketActor = idAddress(5)

export interface Prepared {
  miner: Address
  peerId: string
}

/**
 * Keys, funds, the miner actor and escrow, each step idempotent: balances are raised to a target, messages go under fixed request ids,
 * so that a crash or a second run never pays or creates twice.
 */
export async function prepare(o: {
  apps: Apps
  chain: ChainPort
  nodes: string
  client: { key: KeyInfo; address: Address }
  sectorSize: number
  teller: Teller
  signal: AbortSignal
}): Promise<Prepared> {
  const { apps, chain, teller, signal } = o
  const again = { signal, everyMs: 150 }
  teller.status('waiting for the devnet')
  await waitUntil(async () => await chain.head(), again)

  teller.status('waiting for the miner app')
  const keys = {
    owner: await waitUntil(() => apps.miner['wallet.new']({ name: 'owner', type: 'secp256k1' }), again),
    worker: await waitUntil(() => apps.miner['wallet.new']({ name: 'worker', type: 'bls' }), again),
    'control-post': await waitUntil(
      () => apps.miner['wallet.new']({ name: 'control-post', type: 'secp256k1' }),
      again,
    ),
  }
  const addresses: [keyof typeof targets, Address][] = [
    ['owner', parseAddress(keys.owner.address)],
    ['worker', parseAddress(keys.worker.address)],
    ['control-post', parseAddress(keys['control-post'].address)],
    ['client', o.client.address],
  ]
  for (const [name, address] of addresses)
    await rpcCall(o.nodes, 'Devnet.FundTo', [address, String(targets[name])])
  for (const [name, address] of addresses) {
    teller.status(`waiting for ${name} ${address} to be funded and appear on chain`)
    await waitUntil(async () => ((await chain.walletBalance(address)) > 0n ? true : undefined), again)
    teller.tell(
      { event: 'funded', key: name, address },
      `${name.padEnd(12)} ${address}  ${formatFil(targets[name])}`,
    )
  }

  teller.status('waiting for the provider')
  const { peerId } = await waitUntil(() => apps.provider['net.id']({}), again)
  const multiaddrs = await waitUntil(() => apps.provider['net.listen']({}), again)
  let told = ''
  const miner = await waitUntil(async () => {
    const answer = await apps.miner.init({ sectorSize: String(o.sectorSize), peerId, multiaddrs })
    const waiting = answer.waiting?.for ?? ''
    if (waiting !== told) {
      told = waiting
      if (waiting !== '') teller.status(`miner init: ${waiting}`)
    }
    return answer.state === 'done' && answer.miner ? answer : undefined
  }, again)
  const address = parseAddress(miner.miner ?? '')
  teller.tell(
    {
      event: 'miner',
      miner: address,
      createMessageCid: miner.createMessageCid,
      controlMessageCid: miner.controlMessageCid,
    },
    `miner        ${address}  CreateMiner ${miner.createMessageCid ?? ''}`,
  )

  teller.status('putting funds into market escrow')
  const held = await waitUntil(() => apps.miner['market.balance']({}), again)
  if (BigInt(held.escrow) < escrow.provider) {
    const amount = escrow.provider - BigInt(held.escrow)
    // The id holds the amount: another run that finds the same lack asks for the same message.
    const requestId = `up-escrow-${createHash('sha256').update(`${held.escrow}`).digest('hex').slice(0, 12)}`
    await waitUntil(() => apps.miner['market.add']({ amount: String(amount), requestId }), again)
  }
  const mine = await chain.marketBalance(o.client.address)
  if (mine.escrow < escrow.client) {
    await sendMessage(chain, o.client.key, {
      from: o.client.address,
      to: marketActor,
      value: escrow.client - mine.escrow,
      method: marketMethods.AddBalance,
      params: addBalanceParams.encode(o.client.address),
      signal,
    })
  }
  await waitUntil(async () => {
    const [provider, client] = [
      await chain.marketBalance(address),
      await chain.marketBalance(o.client.address),
    ]
    return provider.escrow > 0n && client.escrow > 0n ? true : undefined
  }, again)
  teller.tell(
    { event: 'escrow', provider: String(escrow.provider), client: String(escrow.client) },
    'escrow       provider and client funded',
  )
  return { miner: address, peerId }
}
