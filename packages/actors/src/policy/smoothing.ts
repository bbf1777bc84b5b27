import { divideEuclidean } from '../bigint.js'
import type { FilterEstimate } from '../params/power.js'

// Fixed-point arithmetic with 128 fractional bits ("Q.128"), to the bit as the actors compute it.
// Source: builtin-actors runtime/src/builtin/reward/smooth and reward/math.rs.

const PRECISION = 128n

/** 2^−50 in Q.128: below this squared velocity the denominator counts as constant. */
const CUM_SUM_RATIO_EPSILON = 302_231_454_903_657_293_676_544n

/** Rational approximation of ln on [1, 2], highest power first, Q.128. */
const lnNumerator = [
  261417938209272870992496419296200268025n,
  7266615505142943436908456158054846846897n,
  32458783941900493142649393804518050491988n,
  17078670566130897220338060387082146864806n,
  -35150353308172866634071793531642638290419n,
  -20351202052858059355702509232125230498980n,
  -1563932590352680681114104005183375350999n,
]
const lnDenominator = [
  49928077726659937662124949977867279384n,
  2508163877009111928787629628566491583994n,
  21757751789594546643737445330202599887121n,
  53400635271583923415775576342898617051826n,
  41248834748603606604000911015235164348839n,
  9015227820322455780436733526367238305537n,
  340282366920938463463374607431768211456n,
]
const LN_2 = 235865763225513294137944142764154484399n

/** The smoothed value itself, fraction dropped. */
export function estimate(filter: FilterEstimate): bigint {
  return filter.positionEstimate >> PRECISION
}

/**
 * The sum over the next `epochs` of numerator/denominator, both extrapolated along their velocities. Q.128.
 */
export function extrapolatedCumSumOfRatio(
  epochs: number,
  numerator: FilterEstimate,
  denominator: FilterEstimate,
): bigint {
  const span = BigInt(epochs) << PRECISION
  const squaredVelocity = (denominator.velocityEstimate * denominator.velocityEstimate) >> PRECISION
  if (squaredVelocity > CUM_SUM_RATIO_EPSILON) {
    const end = denominator.positionEstimate + ((span * denominator.velocityEstimate) >> PRECISION)
    const growth = ln(end) - ln(denominator.positionEstimate)
    const position = (denominator.velocityEstimate * numerator.positionEstimate * growth) >> PRECISION
    const drift = denominator.velocityEstimate * span - denominator.positionEstimate * growth
    const velocity = (numerator.velocityEstimate * drift) >> PRECISION
    return divideEuclidean(position + velocity, squaredVelocity).quotient
  }
  const middle = numerator.positionEstimate + ((numerator.velocityEstimate * (span >> 1n)) >> PRECISION)
  return divideEuclidean(middle * span, denominator.positionEstimate).quotient
}

/** Natural logarithm, Q.128 to Q.128. Of a negative number it is what the actors compute: meaningless but defined. */
function ln(z: bigint): bigint {
  const magnitude = z < 0n ? -z : z
  const bitLength = magnitude === 0n ? 0 : magnitude.toString(2).length
  const k = BigInt(bitLength) - 1n - PRECISION
  const x = k > 0n ? z >> k : z << -k
  const quotient = divideEuclidean(horner(lnNumerator, x) << PRECISION, horner(lnDenominator, x)).quotient
  return k * LN_2 + quotient
}

function horner(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduce((sum, coefficient) => ((sum * x) >> PRECISION) + coefficient, 0n)
}
