import { createMinerParams, createMinerReturn, idAddress, provingPeriodOffset } from '@sealane/actors'
import { attoFil, epoch as chainEpoch } from '@sealane/fil-units'
import { creationDeposit } from '../economics/network-economics.js'
import { checkPeerInfo } from '../miner/check-peer-info.js'
import { currentPeriodStart } from '../miner/deadline-info.js'
import { minerOf } from '../miner/miner-funds.js'
import { resolveController, resolveWorker } from '../miner/resolve-worker.js'
import { addLockedFunds } from '../miner/vesting.js'
import { policy } from '../policy.js'
import { proofsOfWindowPostType } from '../proof-types.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { moveValue } from '../run/move-value.js'
import type { Runtime } from '../run/runtime.js'
import type { Deadline, MinerInfo } from '../state/chain-tables.js'

/** Method 2 of f04: makes a miner. The value sent must cover the creation deposit, which vests over 180 days. */
export function createMiner(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { owner, worker, windowPostProofType, peer, multiaddrs } = decodeParams(createMinerParams, bytes)
  checkPeerInfo(peer, multiaddrs)
  const proofs = proofsOfWindowPostType(windowPostProofType)
  const { economics, sectorSizes } = runtime.state.genesis
  if (proofs === undefined || !sectorSizes.includes(proofs.sectorSize)) {
    return abort(
      exitCode.illegalArgument,
      `proof type ${windowPostProofType} not allowed for new miner actors`,
    )
  }
  const deposit = creationDeposit(economics, runtime.epoch)
  if (runtime.value < deposit) {
    const amounts = `sent balance ${runtime.value} < deposit ${deposit}`
    abort(exitCode.insufficientFunds, `not enough balance to lock for create miner deposit: ${amounts}`)
  }
  const ownerId = resolveController(runtime.state, owner, 'owner')
  const workerId = resolveWorker(runtime.state, worker)
  const robustAddress = runtime.newActorAddress()

  const id = runtime.update((draft) => {
    const miner = draft.nextActorId++
    draft.actors[miner] = { kind: 'miner', nonce: 0, balance: attoFil(0n), address: robustAddress }
    draft.addresses[robustAddress] = miner
    moveValue(draft.actors, runtime.receiver, miner, runtime.value)

    const info: MinerInfo = {
      owner: ownerId,
      worker: workerId,
      controls: [],
      peerId: peer,
      multiaddrs,
      windowPostProofType,
      sectorSize: proofs.sectorSize,
      partitionSectors: proofs.partitionSectors,
      beneficiary: ownerId,
      beneficiaryTerm: { quota: attoFil(0n), usedQuota: attoFil(0n), expiration: 0 },
    }
    const offset = provingPeriodOffset(policy, idAddress(miner), chainEpoch(runtime.epoch))
    const periodStart = currentPeriodStart(offset, runtime.epoch)
    draft.miners[miner] = {
      info,
      preCommitDeposits: attoFil(0n),
      lockedFunds: attoFil(0n),
      vesting: [],
      feeDebt: attoFil(0n),
      initialPledge: attoFil(0n),
      preCommits: {},
      preCommitCleanUp: {},
      allocated: [],
      sectors: {},
      provingPeriodStart: periodStart,
      currentDeadline: Math.floor((runtime.epoch - periodStart) / policy.challengeWindow),
      deadlines: Array.from(
        { length: policy.periodDeadlines },
        (): Deadline => ({ partitions: [], posted: [] }),
      ),
      deadlineCronActive: false,
    }
    addLockedFunds(minerOf(draft, miner), runtime.epoch, deposit)
    draft.power.claims[miner] = { raw: 0n, qa: 0n, windowPostProofType }
    return miner
  })
  return createMinerReturn.encode({ idAddress: idAddress(id), robustAddress })
}
