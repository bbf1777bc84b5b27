import { attoFil } from '@sealane/fil-units'
import type { EconomicsSnapshot } from './economics-snapshot.js'

/**
 * The economy the devnet is frozen in: epoch 100 of a recorded 2k Lotus network (network version 28), so that a
 * 2KiB deposit is 970,447,225,186 attoFIL, a pledge 59,604,643,840 and a miner's creation 5,937,181,320.
 */
export const devnetEconomics: EconomicsSnapshot = {
  rewardSmoothed: {
    positionEstimate: 12340759242810464418156366340831395483938489305969111226145n,
    velocityEstimate: -39193874879401500479846369047776105672904347149115n,
  },
  qaPowerSmoothed: {
    positionEstimate: 382291313817964002869340167115563966933033074650716025n,
    velocityEstimate: 1393765658623740269047399487168835139764144862930085n,
  },
  baselinePower: 2889079375738412183n,
  circulatingSupply: attoFil(560656741808346186931239762n),
  filVested: attoFil(10655855103447202683624556n),
  filMined: attoFil(3546821424744245378404n),
  filBurnt: attoFil(450137455706696n),
  filLocked: attoFil(2660116075622542056502n),
  filReserveDisbursed: attoFil(550000000000000000000000000n),
  rampStartEpoch: 0,
  rampDurationEpochs: 0,
}
