import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Address, addBalanceParams, idAddress, marketMethods, parseAddress } from '@sealane/actors'
import { type ChainPort, rpcCall } from '@sealane/chain'
import type { KeyInfo, KeyType } from '@sealane/crypto'
import { type AttoFil, formatFil } from '@sealane/fil-units'
import { sendMessage } from '../client/send-message.js'
import type { operators } from '../connect/operators.js'
import { devnetPlan, type FundingPlan } from './funding-plan.js'
import { storeOwnerKey } from './owner-key.js'
import type { Places } from './state-dir.js'
import type { Teller } from './teller.js'
import { waitUntil } from './wait-until.js'

type Apps = ReturnType<typeof operators>

const marketActor = idAddress(5)

export interface Prepared {
  miner: Address
  peerId: string
}

/** Where the money comes from: the embedded devnet's faucet, or a funded key that becomes the owner's. */
export type Purse = { from: 'faucet' } | { from: 'owner'; key: KeyInfo }

/**
 * Keys, funds, the miner actor and escrow, each step idempotent: balances are raised to a target, messages go under fixed request ids,
 * so that a crash or a second run never pays or creates twice.
 */
export async function prepare(o: {
  apps: Apps
  places: Places
  chain: ChainPort
  nodes: string
  client: { key: KeyInfo; address: Address }
  sectorSize: number
  purse: Purse
  plan: FundingPlan
  teller: Teller
  signal: AbortSignal
}): Promise<Prepared> {
  const { apps, chain, teller, signal, plan } = o
  const { escrow } = plan
  const again = { signal, everyMs: 150 }
  teller.status('waiting for the chain')
  await waitUntil(async () => await chain.head(), again)
  await fundKeys(o)

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
  if (BigInt(held.escrow) * 2n < escrow.provider) {
    const amount = escrow.provider - BigInt(held.escrow)
    // The id holds the amount: another run that finds the same lack asks for the same message.
    const requestId = `up-escrow-${createHash('sha256').update(`${held.escrow}`).digest('hex').slice(0, 12)}`
    await waitUntil(() => apps.miner['market.add']({ amount: String(amount), requestId }), again)
  }
  await fundEscrow(o)
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

/** Raises the client's escrow, once it is below half: deals take from it a little every day. */
async function fundEscrow(o: Parameters<typeof prepare>[0]): Promise<void> {
  const { chain, signal, plan } = o
  const { address, key } = o.client
  // Kept until it has executed: a run that is killed here pays once.
  const kept = join(o.places.client, 'escrow-message')
  await waitUntil(
    async () => {
      const { escrow } = await chain.marketBalance(address)
      const lacks = escrow * 2n < plan.escrow.client
      if (!lacks && !existsSync(kept)) return true
      const message = {
        from: address,
        to: marketActor,
        value: plan.escrow.client - escrow,
        method: marketMethods.AddBalance,
        params: addBalanceParams.encode(address),
        signal,
      }
      // What it did is not asked for again: another node behind the same address may not have seen it yet.
      await sendMessage(chain, key, message, kept)
      return true
    },
    { signal, everyMs: 150 },
  )
}

/** Makes the miner app's keys and raises them, and the client's, to what the plan gives each. */
async function fundKeys(o: Parameters<typeof prepare>[0]): Promise<void> {
  const { apps, chain, teller, signal, plan, purse } = o
  const again = { signal, everyMs: 150 }
  teller.status('waiting for the miner app')
  await waitUntil(() => apps.miner['wallet.list']({}), again)
  if (purse.from === 'owner') await storeOwnerKey(o.places, purse.key)
  const ownerType = purse.from === 'owner' ? purse.key.type : 'secp256k1'
  const made = async (name: string, type: KeyType): Promise<Address> =>
    parseAddress((await waitUntil(() => apps.miner['wallet.new']({ name, type }), again)).address)
  const owner = await made('owner', ownerType)
  const wanted: [name: string, address: Address, target: AttoFil][] = [
    ['worker', await made('worker', 'bls'), plan.targets.worker],
    ['control-post', await made('control-post', 'secp256k1'), plan.targets['control-post']],
    ['client', o.client.address, plan.targets.client],
  ]
  if (purse.from === 'faucet') {
    wanted.unshift(['owner', owner, devnetPlan.owner])
    for (const [, address, target] of wanted)
      await waitUntil(
        async () => (await rpcCall(o.nodes, 'Devnet.FundTo', [address, String(target)])) ?? true,
        again,
      )
  }
  for (const [name, address, target] of wanted) {
    let paid = purse.from === 'faucet'
    const balance = await waitUntil(async () => {
      const sent =
        purse.from === 'owner' ? await apps.miner['wallet.fund']({ address, target: String(target) }) : null
      paid ||= sent !== null
      const waits = sent?.waiting?.for ?? 'the next block'
      teller.status(`funding ${name} ${address} with ${formatFil(target)}: waiting for ${waits}`)
      const has = await chain.walletBalance(address)
      return has > 0n ? has : undefined
    }, again)
    const from = purse.from === 'owner' ? ' from the owner' : ''
    teller.tell(
      { event: 'funded', key: name, address },
      `${name.padEnd(12)} ${address}  ${paid ? `${formatFil(target)}${from}` : `has ${formatFil(balance)}`}`,
    )
  }
}
