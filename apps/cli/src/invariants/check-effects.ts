import {
  dealProposalCid,
  marketMethods,
  minerMethods,
  preCommitSectorBatchParams2,
  proveCommitSectors3Params,
  publishedDealIds,
  publishStorageDealsParams,
  publishStorageDealsReturn,
  submitWindowedPostParams,
} from '@sealane/actors'
import { byNonce } from './check-nonces.js'
import type { Facts, MessageFact } from './facts.js'
import type { Report } from './violation.js'

/** Source: builtin-actors policy.rs (WPoStProvingPeriod). Unit: epochs. */
const provingPeriod = 2880

/** P4. Of the messages that took effect, no two did the same. The receipts are the chain's where it is known. */
export function checkEffects({ miner, chain }: Facts, report: Report): void {
  if (miner === undefined) return
  const done = new Map<string, MessageFact[]>()
  for (const message of miner.messages) {
    const landing = chain?.landings.get(`${message.from_address} ${message.nonce}`)
    const exitCode =
      landing !== undefined && landing.message === message.cid ? landing.exitCode : message.exit_code
    if (exitCode !== 0 || message.cid === null) continue
    for (const effect of effectsOf(message)) done.set(effect, [...(done.get(effect) ?? []), message])
  }
  for (const [effect, messages] of done) {
    if (messages.length > 1)
      report('done twice', `${effect} took effect ${messages.length} times`, ...messages.map(shown))
  }
  checkOneNonceEach({ miner, chain }, report)
}

/** One message of ours spends one nonce, whatever became of the first try. */
function checkOneNonceEach({ miner, chain }: Pick<Facts, 'miner' | 'chain'>, report: Report): void {
  if (miner === undefined) return
  const landed = new Map<string, Set<number>>()
  for (const [key, signings] of byNonce(miner)) {
    const landing = chain?.landings.get(key)
    const winner = signings.find((one) => one.cid === landing?.message)
    if (landing?.exitCode !== 0 || winner === undefined) continue
    landed.set(winner.uuid, (landed.get(winner.uuid) ?? new Set()).add(winner.nonce))
  }
  for (const [uuid, nonces] of landed) {
    if (nonces.size > 1)
      report('sent twice', `message ${uuid} took effect under ${nonces.size} nonces`, {
        uuid,
        nonces: [...nonces],
      })
  }
}

/** What a message does on chain, one name for each thing that may be done once. */
function effectsOf(message: MessageFact): string[] {
  const { method, params } = message
  switch (message.class) {
    case 'preCommit':
      return method === minerMethods.PreCommitSectorBatch2
        ? preCommitSectorBatchParams2
            .decode(params)
            .sectors.map(({ sectorNumber }) => `PreCommit of sector ${sectorNumber}`)
        : []
    case 'proveCommit':
      return method === minerMethods.ProveCommitSectors3
        ? proveCommitSectors3Params
            .decode(params)
            .sectorActivations.map(({ sectorNumber }) => `ProveCommit of sector ${sectorNumber}`)
        : []
    case 'publish':
      return method === marketMethods.PublishStorageDeals ? published(message) : []
    case 'windowPost':
      return method === minerMethods.SubmitWindowedPoSt ? proven(message) : []
    case 'createMiner':
      return ['CreateMiner']
    default:
      return []
  }
}

/** Only proposals that got a deal id. */
function published({ params, return_data }: MessageFact): string[] {
  if (return_data === null) return []
  const { deals } = publishStorageDealsParams.decode(params)
  const ids = publishedDealIds(deals.length, publishStorageDealsReturn.decode(return_data))
  return deals.flatMap(({ proposal }, at) =>
    ids[at] === undefined ? [] : [`publication of ${dealProposalCid(proposal)}`],
  )
}

function proven({ params, included_epoch }: MessageFact): string[] {
  const { deadline, partitions, chainCommitEpoch } = submitWindowedPostParams.decode(params)
  const period = Math.floor(chainCommitEpoch / provingPeriod)
  return included_epoch === null
    ? []
    : partitions.map(
        ({ index }) => `WindowPoSt of deadline ${deadline}, partition ${index}, period ${period}`,
      )
}

function shown({ params: _params, return_data: _return, ...row }: MessageFact): object {
  return row
}
