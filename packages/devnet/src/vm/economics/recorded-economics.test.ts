import { readFileSync } from 'node:fs'
import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import { devnetEconomics } from '../state/devnet-economics.js'
import type { EconomicsSnapshot } from '../state/economics-snapshot.js'
import { providerCollateralMin } from './deal-collateral.js'
import {
  continuedFaultFee,
  creationDeposit,
  dailyFee,
  initialPledge,
  preCommitDeposit,
  terminationFee,
} from './pledge.js'
import { qaPowerForWeight } from './qa-power.js'

interface Recorded {
  epoch: number
  reward: { PositionEstimate: string; VelocityEstimate: string }
  qaPower: { PositionEstimate: string; VelocityEstimate: string }
  baseline: string
  rawPower: string
  circulating: string
  creationDeposit: string
  pledges: { sectorSize: number; verifiedSize: number; result: string }[]
  deposits: { sealProof: number; result: string }[]
  collaterals: { size: number; result: { Min: string } }[]
}

const vector = new URL('../vectors/economics.json', import.meta.url)
const recorded: Recorded[] = JSON.parse(readFileSync(vector, 'utf8'))
const sizes: Record<number, bigint> = { 5: 2048n, 6: 8n << 20n, 8: 32n << 30n, 9: 64n << 30n }

const snapshotOf = (tipset: Recorded): EconomicsSnapshot => ({
  ...devnetEconomics,
  rewardSmoothed: estimateOf(tipset.reward),
  qaPowerSmoothed: estimateOf(tipset.qaPower),
  baselinePower: BigInt(tipset.baseline),
  circulatingSupply: attoFil(BigInt(tipset.circulating)),
})
const estimateOf = ({ PositionEstimate, VelocityEstimate }: Recorded['reward']) => ({
  position: BigInt(PositionEstimate),
  velocity: BigInt(VelocityEstimate),
})
/** The recorded answers are the API's, with its margin of 10 %. */
const withMargin = (amount: bigint) => (amount * 110n) / 100n

describe('money as a real network asked for it', () => {
  it.each(recorded.map((tipset) => [tipset.epoch, tipset] as const))('at epoch %i', (epoch, tipset) => {
    const economics = snapshotOf(tipset)
    expect(creationDeposit(economics, 2048n, epoch)).toBe(BigInt(tipset.creationDeposit))
    for (const { sectorSize, verifiedSize, result } of tipset.pledges) {
      const power = qaPowerForWeight(BigInt(sectorSize), 1, BigInt(verifiedSize))
      expect(withMargin(initialPledge(economics, power, epoch))).toBe(BigInt(result))
    }
    for (const { sealProof, result } of tipset.deposits) {
      const deposit = preCommitDeposit(economics, sizes[sealProof] ?? 0n)
      expect(withMargin(deposit)).toBe(BigInt(result))
    }
    for (const { size, result } of tipset.collaterals) {
      const least = providerCollateralMin(economics, BigInt(size), BigInt(tipset.rawPower))
      expect(withMargin(least)).toBe(BigInt(result.Min))
    }
  })

  it('freezes the devnet at epoch 100', () => {
    const tipset = recorded.find(({ epoch }) => epoch === 100)
    expect(tipset === undefined ? undefined : snapshotOf(tipset)).toEqual(devnetEconomics)
  })

  it('charges what a skipped sector was charged at the close of its deadline', () => {
    // Period 3538, deadline 5: two sectors' daily fees and one sector's fault fee were burnt.
    const economics: EconomicsSnapshot = {
      ...devnetEconomics,
      rewardSmoothed: {
        position: 12336190250866596136107514205833694548310614500409304635327n,
        velocity: -918310148937604517683623340707980931726512099147797n,
      },
      qaPowerSmoothed: {
        position: 704874196573948395243563313604051601028826203416358253n,
        velocity: 424075636840136507123344025009292104770004224460868n,
      },
    }
    expect(continuedFaultFee(economics, 2048n) + 371846n).toBe(116586541928n)
  })

  it('fixes the daily fee of a sector by the circulating supply', () => {
    // Sector 2, activated at epoch 301: 185817.
    const supply = { ...devnetEconomics, circulatingSupply: attoFil(560703800000000000000000000n) }
    expect(dailyFee(supply, 2048n)).toBe(185817n)
  })

  it('charges at least 2 % of the pledge, or 105 % of the fault fee, for a young sector', () => {
    const pledge = attoFil(59604643840n)
    expect(terminationFee(pledge, 100, attoFil(0n))).toBe((pledge * 2n) / 100n)
    expect(terminationFee(pledge, 100, attoFil(10n ** 12n))).toBe(1050000000000n)
    expect(terminationFee(pledge, 140 * 2880, attoFil(0n))).toBe((pledge * 85n) / 1000n)
  })
})
