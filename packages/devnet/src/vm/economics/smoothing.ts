import type { FilterEstimate } from '../state/economics-snapshot.js'
import { floorDiv } from './floor-div.js'

/** Fraction bits of the fixed-point numbers here (Q.128). Source: builtin-actors runtime builtin/reward/math.rs. */
export const precision = 128n

// Coefficients of the rational approximation of ln on [1, 2], Q.128, and ln 2.
// Source: builtin-actors runtime builtin/reward/smooth/smooth_func.rs (NUM, DENOM, LN_2, EPSILON).
const numerator = [
  261417938209272870992496419296200268025n,
  7266615505142943436908456158054846846897n,
  32458783941900493142649393804518050491988n,
  17078670566130897220338060387082146864806n,
  -35150353308172866634071793531642638290419n,
  -20351202052858059355702509232125230498980n,
  -1563932590352680681114104005183375350999n,
]
const denominator = [
  49928077726659937662124949977867279384n,
  2508163877009111928787629628566491583994n,
  21757751789594546643737445330202599887121n,
  53400635271583923415775576342898617051826n,
  41248834748603606604000911015235164348839n,
  9015227820322455780436733526367238305537n,
  340282366920938463463374607431768211456n,
]
const ln2 = 235865763225513294137944142764154484399n
const epsilon = 302231454903657293676544n

/** The whole part of a smoothed estimate. */
export function estimateOf(estimate: FilterEstimate): bigint {
  return estimate.position >> precision
}

/** Sum over the coming `epochs` of one estimate over another, both extrapolated along their velocities. Q.128. */
export function sumOfRatio(epochs: number, over: FilterEstimate, under: FilterEstimate): bigint {
  const delta = BigInt(epochs) << precision
  const squaredVelocity = (under.velocity * under.velocity) >> precision

  if (squaredVelocity > epsilon) {
    const start = under.position
    const end = ((under.velocity * delta) >> precision) + start
    const lnStart = naturalLog(start)
    const lnEnd = naturalLog(end)
    const first = ((lnEnd - lnStart) * over.position * under.velocity) >> precision
    const second =
      (((lnStart - lnEnd) * under.position + under.velocity * delta) * over.velocity) >> precision
    return floorDiv(second + first, squaredVelocity)
  }
  const middle = ((over.velocity * (delta >> 1n)) >> precision) + over.position
  return floorDiv(middle * delta, under.position)
}

function naturalLog(z: bigint): bigint {
  const shift = BigInt((z < 0n ? -z : z).toString(2).length) - 1n - precision
  const x = shift > 0n ? z >> shift : z << -shift
  return shift * ln2 + floorDiv(polynomial(numerator, x) << precision, polynomial(denominator, x))
}

function polynomial(coefficients: readonly bigint[], x: bigint): bigint {
  return coefficients.reduce((sum, coefficient) => ((sum * x) >> precision) + coefficient, 0n)
}
