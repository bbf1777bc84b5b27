import { type Address, parseCid } from '@sealane/actors'
import type { ChainPort } from '@sealane/chain'
import type { DealRow } from '@sealane/proto'
import { CliError } from '../cli-error.js'
import type { operators } from '../connect/operators.js'

export interface Summary {
  event: 'summary'
  ok: true
  prover: string
  network: string
  miner: string
  deals: {
    dealUuid: string
    proposalCid: string
    signedProposalCid: string
    pieceCid: string
    dealId: number
    publishCid: string
    sectorNumber: number
    preCommitCid: string
    proveCommitCid: string
    windowPostCid: string
    activeEpoch: number
    provenEpoch: number
  }[]
  rawPowerBefore: string
  rawPowerAfter: string
  seconds: Record<string, number>
}

/**
 * The run's result, held against the chain: each deal is active there, each message is found by its CID, the power has risen.
 * Throws CliError CHAIN when the chain says otherwise than our rows.
 */
export async function summarise(o: {
  chain: ChainPort
  apps: ReturnType<typeof operators>
  miner: Address
  prover: string
  deals: readonly DealRow[]
  rawPowerBefore: bigint
  mustRise: boolean
  seconds: Record<string, number>
}): Promise<Summary> {
  const { chain, miner } = o
  const deals = await Promise.all(o.deals.map((row) => provenDeal(row, chain)))
  const power = await chain.minerPower(miner)
  const rawPowerAfter = power.minerPower.rawBytePower
  if (rawPowerAfter < o.rawPowerBefore || (o.mustRise && rawPowerAfter === o.rawPowerBefore))
    throw wrong(`the miner's power did not rise (${o.rawPowerBefore} → ${rawPowerAfter} bytes)`)
  return {
    event: 'summary',
    ok: true,
    prover: o.prover,
    network: await chain.networkName(),
    miner,
    deals,
    rawPowerBefore: String(o.rawPowerBefore),
    rawPowerAfter: String(rawPowerAfter),
    seconds: { ...o.seconds, ...(await stageSeconds(o.apps, deals)) },
  }
}

async function provenDeal(row: DealRow, chain: ChainPort): Promise<Summary['deals'][number]> {
  const facts = {
    dealUuid: row.dealUuid,
    proposalCid: row.proposalCid,
    signedProposalCid: row.signedProposalCid,
    pieceCid: row.pieceCid,
    dealId: known(row, 'dealId'),
    publishCid: known(row, 'publishCid'),
    sectorNumber: known(row, 'sectorNumber'),
    preCommitCid: known(row, 'preCommitCid'),
    proveCommitCid: known(row, 'proveCommitCid'),
    windowPostCid: known(row, 'windowPostCid'),
    activeEpoch: known(row, 'activeEpoch'),
    provenEpoch: known(row, 'provenEpoch'),
  }
  const onChain = await chain.marketDeal(facts.dealId)
  if (!onChain || onChain.state.sectorStartEpoch <= 0)
    throw wrong(`deal ${facts.dealId} is not active on chain`)
  for (const cid of [facts.publishCid, facts.preCommitCid, facts.proveCommitCid, facts.windowPostCid]) {
    const found = await chain.searchMessage(parseCid(cid))
    if (found?.receipt.exitCode !== 0)
      throw wrong(`message ${cid} of deal ${facts.dealId} did not succeed on chain`)
  }
  return facts
}

function known<Fact extends keyof DealRow>(row: DealRow, fact: Fact): NonNullable<DealRow[Fact]> {
  const value = row[fact]
  if (value === null || value === undefined) throw wrong(`deal ${row.dealUuid} has no ${fact}`)
  return value
}

/** How long the first deal's sector was in each state, from its owner's own log. Unit: seconds. */
async function stageSeconds(
  apps: ReturnType<typeof operators>,
  deals: Summary['deals'],
): Promise<Record<string, number>> {
  const first = deals[0]
  if (!first) return {}
  const lines = [
    ...(await apps.provider['deals.log']({ id: first.dealUuid })),
    ...(await apps.sealer['sectors.log']({ sectorNumber: first.sectorNumber })),
  ]
  const stages: Record<string, number> = {}
  for (const [index, line] of lines.entries()) {
    const next = lines[index + 1]
    if (!next || next.atMs < line.atMs) continue
    stages[line.state] = Math.round((stages[line.state] ?? 0) * 10 + (next.atMs - line.atMs) / 100) / 10
  }
  return stages
}

function wrong(reason: string): CliError {
  return new CliError({ code: 'CHAIN', reason }, reason)
}
