import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import { devnetEconomics } from '../state/devnet-economics.js'
import {
  continuedFaultFee,
  creationDeposit,
  dailyFeePayable,
  initialPledge,
  preCommitDeposit,
  providerCollateralBounds,
} from './network-economics.js'

describe('money on the devnet is that of a recorded 2k network at epoch 100', () => {
  it('for precommits, pledges and new miners', () => {
    expect(preCommitDeposit(devnetEconomics, 2048n)).toBe(970447225186n)
    expect(initialPledge(devnetEconomics, 2048n, 100)).toBe(59604643840n)
    expect(initialPledge(devnetEconomics, 20480n, 5000)).toBe(596046438400n)
    expect(creationDeposit(devnetEconomics, 100)).toBe(5937181320n)
  })

  it('for deals', () => {
    // The API answered 4371799260, with its margin of 10 %.
    expect((providerCollateralBounds(devnetEconomics, 2048n, 4096n).min * 110n) / 100n).toBe(4371799260n)
  })

  it('and for what goes wrong: the fault fee is the chain own, burnt at the close after a skipped sector', () => {
    const estimates = {
      ...devnetEconomics,
      rewardSmoothed: {
        positionEstimate: 12336190250866596136107514205833694548310614500409304635327n,
        velocityEstimate: -918310148937604517683623340707980931726512099147797n,
      },
      qaPowerSmoothed: {
        positionEstimate: 704874196573948395243563313604051601028826203416358253n,
        velocityEstimate: 424075636840136507123344025009292104770004224460868n,
      },
    }
    const fees = dailyFeePayable(estimates, attoFil(371846n), 4096n)
    expect(continuedFaultFee(estimates, 2048n) + fees).toBe(116586541928n)
  })
})
