import { attoFil, epoch, type PaddedSize } from '@sealane/fil-units'
import { lotusRecording } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  assignDeadlines,
  continuedFaultFee,
  createMinerDeposit,
  dailyFeeCap,
  deadlineAt,
  deadlineIsMutable,
  dealProviderCollateralBounds,
  initialPledgeForPower,
  nextBaseFee,
  type PledgeInputs,
  parseAddress,
  partitionSectorsFor,
  policyFor,
  preCommitDeposit,
  proofInfo,
  provingPeriodOffset,
  provingPeriodStart,
  qaPowerForWeight,
  withLotusMargin,
} from '../src/index.js'

const devnet = policyFor('devnet-2k')

interface Filter {
  PositionEstimate: string
  VelocityEstimate: string
}

interface Tipset {
  epoch: number
  reward: { State: { ThisEpochRewardSmoothed: Filter; ThisEpochBaselinePower: string } }
  power: {
    State: {
      ThisEpochQAPowerSmoothed: Filter
      ThisEpochRawBytePower: string
      RampStartEpoch: number
      RampDurationEpochs: number
    }
  }
  StateVMCirculatingSupplyInternal: { FilCirculating: string }
  StateMinerCreationDeposit: string
  StateMinerInitialPledgeForSector: {
    duration: number
    sectorSize: number
    verifiedSize: number
    result: string
  }[]
  StateMinerPreCommitDepositForPower: { sealProof: number; result: string }[]
  StateDealProviderCollateralBounds: { size: number; result: { Min: string; Max: string } }[]
}

function filter(f: Filter): { positionEstimate: bigint; velocityEstimate: bigint } {
  return { positionEstimate: BigInt(f.PositionEstimate), velocityEstimate: BigInt(f.VelocityEstimate) }
}

function inputs(t: Tipset): PledgeInputs {
  return {
    rewardSmoothed: filter(t.reward.State.ThisEpochRewardSmoothed),
    qaPowerSmoothed: filter(t.power.State.ThisEpochQAPowerSmoothed),
    baselinePower: BigInt(t.reward.State.ThisEpochBaselinePower),
    circulatingSupply: attoFil(BigInt(t.StateVMCirculatingSupplyInternal.FilCirculating)),
    epochsSinceRampStart: t.epoch - t.power.State.RampStartEpoch,
    rampDurationEpochs: t.power.State.RampDurationEpochs,
  }
}

describe('economics of a real Lotus network', () => {
  const { tipsets } = lotusRecording<{ tipsets: Tipset[] }>('economics.json')

  it.each(tipsets)('pre-commit deposits at epoch $epoch', (t) => {
    for (const c of t.StateMinerPreCommitDepositForPower) {
      const deposit = preCommitDeposit(inputs(t), proofInfo(c.sealProof).sectorSize)
      expect(`${withLotusMargin(deposit)}`).toBe(c.result)
    }
  })

  it.each(tipsets)('initial pledges at epoch $epoch', (t) => {
    for (const c of t.StateMinerInitialPledgeForSector) {
      const power = qaPowerForWeight(
        BigInt(c.sectorSize),
        c.duration,
        BigInt(c.verifiedSize) * BigInt(c.duration),
      )
      expect(`${withLotusMargin(initialPledgeForPower(inputs(t), power))}`).toBe(c.result)
    }
  })

  it.each(tipsets)('the deposit of a new miner at epoch $epoch', (t) => {
    expect(`${createMinerDeposit(devnet, inputs(t))}`).toBe(t.StateMinerCreationDeposit)
  })

  it.each(tipsets)('collateral bounds at epoch $epoch', (t) => {
    for (const c of t.StateDealProviderCollateralBounds) {
      const network = {
        rawPower: BigInt(t.power.State.ThisEpochRawBytePower),
        baselinePower: BigInt(t.reward.State.ThisEpochBaselinePower),
        circulatingSupply: attoFil(BigInt(t.StateVMCirculatingSupplyInternal.FilCirculating)),
      }
      const bounds = dealProviderCollateralBounds(devnet, network, BigInt(c.size) as PaddedSize)
      expect([`${withLotusMargin(bounds.min)}`, `${bounds.max}`]).toEqual([c.result.Min, c.result.Max])
    }
  })
})

describe('what the deadline cron burnt on a real Lotus network', () => {
  it('is the fault fee of the one faulty sector and the daily fee of both', () => {
    // Deadline 5 of the period starting at 3538: sectors 10 and 11 of 2 KiB, 11 skipped in the PoSt; estimates at 3897.
    const network = {
      rewardSmoothed: {
        positionEstimate: 12336190250866596136107514205833694548310614500409304635327n,
        velocityEstimate: -918310148937604517683623340707980931726512099147797n,
      },
      qaPowerSmoothed: {
        positionEstimate: 704874196573948395243563313604051601028826203416358253n,
        velocityEstimate: 424075636840136507123344025009292104770004224460868n,
      },
    }
    const dailyFees = 371_846n
    expect(dailyFees).toBeLessThan(dailyFeeCap(network, 4096n))
    expect(continuedFaultFee(network, 2048n) + dailyFees).toBe(116_586_541_928n)
  })
})

interface FeeTipset {
  epoch: number
  parentBaseFee: string
  nextBaseFee: string
  blocks: { messages: { gasLimit: number; gasPremium: string; gasFeeCap: string }[] }[]
}

describe('base fees of a real Lotus network', () => {
  const { ranges } = lotusRecording<{ ranges: { tipsets: FeeTipset[] }[] }>('basefee.json')

  it.each(ranges.flatMap((range) => range.tipsets))(
    'after epoch $epoch the base fee is $nextBaseFee',
    (t) => {
      const bids = t.blocks.flatMap((block) =>
        block.messages.map((m) => ({
          gasLimit: m.gasLimit,
          gasFeeCap: attoFil(BigInt(m.gasFeeCap)),
          gasPremium: attoFil(BigInt(m.gasPremium)),
        })),
      )
      expect(`${nextBaseFee(devnet, attoFil(BigInt(t.parentBaseFee)), bids)}`).toBe(t.nextBaseFee)
    },
  )
})

interface Activation {
  epoch: number
  sectors: number[]
  assigned: { Deadline: number; Partition: number }[]
  provingPeriodStartInState: number
  StateMinerProvingDeadlineBefore: { PeriodStart: number; Index: number; Open: number; Close: number }
  deadlinesBefore: { index: number; totalSectors: number; liveSectors: number }[]
  mutableByRule: number[]
}
interface Miner {
  miner: string
  creationEpoch: number
  offset: number
  provingPeriodStartInState: number
  currentDeadlineInState: number
  genesis?: boolean
}

describe('deadlines of a real Lotus network', () => {
  const { activations, miners } = lotusRecording<{ activations: Activation[]; miners: Miner[] }>(
    'assignment.json',
  )

  it.each(activations)('sectors $sectors activated at $epoch go where the chain put them', (a) => {
    const periodStart = epoch(a.StateMinerProvingDeadlineBefore.PeriodStart)
    const all = Array.from({ length: devnet.periodDeadlines }, (_, index) => index)
    const mutable = all.filter((index) => deadlineIsMutable(devnet, periodStart, index, epoch(a.epoch)))
    expect(mutable).toEqual(a.mutableByRule)
    const loads = all.map((index) => {
      if (!mutable.includes(index)) return undefined
      const { liveSectors, totalSectors } = a.deadlinesBefore.find((d) => d.index === index) ?? {
        liveSectors: 0,
        totalSectors: 0,
      }
      return { liveSectors, totalSectors }
    })
    expect(assignDeadlines(devnet, partitionSectorsFor(2048n), loads, a.sectors.length)).toEqual(
      a.assigned.map((at) => at.Deadline),
    )
  })

  it.each(miners)('$miner has the offset its id and creation epoch give it', (m) => {
    const offset = provingPeriodOffset(devnet, parseAddress(m.miner), epoch(m.creationEpoch))
    expect(offset).toBe(m.offset)
    const start = provingPeriodStart(devnet, offset, epoch(m.creationEpoch))
    expect(start).toBe(m.provingPeriodStartInState)
    expect(deadlineAt(devnet, offset, epoch(m.creationEpoch)).index).toBe(m.currentDeadlineInState)
  })
})
