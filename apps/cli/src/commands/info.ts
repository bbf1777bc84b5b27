import { type Address, formatAddress } from '@sealane/actors'
import { type Json, rpcCall } from '@sealane/chain'
import { attoFil, attoFilFromText } from '@sealane/fil-units'
import type { Command } from 'commander'
import { ownMiner } from '../connect/own-miner.js'
import { answers } from '../frame/answers.js'
import type { Session } from '../frame/session.js'
import { infoText, type MinerOverview } from '../show/info-text.js'
import { everySector } from './every-sector.js'

export function infoCommand(session: Session): Command {
  return answers(
    session,
    {
      usage: 'info',
      watch: true,
      about: 'Print the miner at a glance: chain, power, balances, sectors by state, workers.',
      examples: ['info', 'info --watch'],
    },
    async () => {
      const found = await overview(session, await ownMiner(session))
      return { json: found, text: infoText(found) }
    },
  )
}

async function overview(session: Session, miner: Address): Promise<MinerOverview> {
  const [chain, sealer, prefix] = await Promise.all([session.chain(), session.sealer(), session.prefix()])
  const balanceOf = async (address: Address) => (await chain.getActor(address))?.balance ?? attoFil(0n)
  const [head, params, info, power, onChain, active, faults, available, market] = await Promise.all([
    chain.head(),
    chain.networkParams(),
    chain.minerInfo(miner),
    chain.minerPower(miner),
    chain.sectors(miner),
    chain.activeSectors(miner),
    chain.minerFaults(miner),
    chain.availableBalance(miner),
    chain.marketBalance(miner),
  ])
  const [balance, locked, worker, controls, sectors, workers] = await Promise.all([
    balanceOf(miner),
    lockedFunds(session, miner),
    balanceOf(info.worker),
    Promise.all(info.controlAddresses.map(balanceOf)),
    everySector(sealer),
    sealer['sealing.workers']({}),
  ])
  const alive = workers.filter((one) => one.alive)
  return {
    miner: formatAddress(miner, prefix),
    sectorSize: info.sectorSize,
    behindSeconds: Math.max(0, Math.floor(session.terminal.now() / 1000) - head.timestamp),
    blockDelaySeconds: params.blockDelaySeconds,
    baseFee: head.blocks[0]?.parentBaseFee ?? attoFil(0n),
    rawPower: power.minerPower.rawBytePower,
    qualityPower: power.minerPower.qualityAdjPower,
    networkRawPower: power.totalPower.rawBytePower,
    networkQualityPower: power.totalPower.qualityAdjPower,
    live: onChain.length,
    active: active.length,
    faulty: faults.count,
    balance,
    locked,
    available,
    escrow: market.escrow,
    escrowLocked: market.locked,
    worker,
    control:
      controls.length === 0 ? undefined : attoFil(controls.reduce((sum, held) => sum + BigInt(held), 0n)),
    beneficiary: formatAddress(info.beneficiary, prefix),
    sectors: byState(sectors.map((row) => row.state)),
    sealWorkers: alive.filter((one) => one.tasks.some((task) => task !== 'post')).length,
    postWorkers: alive.filter((one) => one.tasks.includes('post')).length,
  }
}

function byState(states: readonly string[]): [string, number][] {
  const counts = new Map<string, number>()
  for (const state of states) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** What the miner actor's own state says is bound; a node that does not read states out costs us these lines. */
async function lockedFunds(session: Session, miner: Address): Promise<MinerOverview['locked']> {
  try {
    const answer = await rpcCall(await session.nodes(), 'Filecoin.StateReadState', [miner, []])
    const state = (answer as { State?: Record<string, Json> }).State
    const money = (name: string) => attoFilFromText(String(state?.[name]))
    return {
      preCommit: money('PreCommitDeposits'),
      pledge: money('InitialPledge'),
      vesting: money('LockedFunds'),
    }
  } catch {
    return undefined
  }
}
