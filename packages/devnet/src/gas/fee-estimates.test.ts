import { type Message, parseAddress } from '@sealane/actors'
import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import { capFee, estimateFeeCap, estimatePremium } from './fee-estimates.js'

const message: Message = {
  version: 0,
  to: parseAddress('f01000'),
  from: parseAddress('f0100'),
  nonce: 0,
  value: attoFil(0n),
  gasLimit: 1_000_000,
  gasFeeCap: attoFil(200_000n),
  gasPremium: attoFil(100_000n),
  method: 0,
  params: new Uint8Array(),
}

describe('a fee cap', () => {
  it.each([
    // Recorded from a lotus 2k network at base fee 100: GasEstimateFeeCap and GasEstimateMessageGas.
    [100n, 100_000n, 101_054n],
    [100n, 100_571n, 101_625n],
    [100n, 99_704n, 100_758n],
  ])('at base fee %s and premium %s is %s', (baseFee, premium, cap) => {
    expect(estimateFeeCap(attoFil(baseFee), attoFil(premium), 20)).toBe(cap)
  })
  it('is finite however many blocks are asked for', () => {
    expect(estimateFeeCap(attoFil(100n), attoFil(0n), 2 ** 31)).toBe((100n * 2n ** 63n) / 256n)
  })
  it('is lowered to what the whole may cost, and the premium with it', () => {
    expect(capFee(message, attoFil(10n ** 18n), false)).toBe(message)
    expect(capFee(message, attoFil(150_000n * 1_000_000n), false)).toMatchObject({
      gasFeeCap: 150_000n,
      gasPremium: 100_000n,
    })
    expect(capFee(message, attoFil(50_000n * 1_000_000n), false)).toMatchObject({
      gasFeeCap: 50_000n,
      gasPremium: 50_000n,
    })
  })
  it('is raised to it when it shall be as high as possible', () => {
    expect(capFee(message, attoFil(900_000n * 1_000_000n), true)).toMatchObject({
      gasFeeCap: 900_000n,
      gasPremium: 100_000n,
    })
  })
})

describe('a premium', () => {
  it('has a floor, higher for who is in a hurry', () => {
    expect(estimatePremium([], 20, 10)).toBe(100_000n)
    expect(estimatePremium([], 4, 2)).toBe(150_000n)
    expect(estimatePremium([], 2, 1)).toBe(200_000n)
  })
  it('is the middle of what full blocks paid', () => {
    const full = Array.from({ length: 20 }, (_, index) => ({
      premium: BigInt(1_000_000 - index * 10_000),
      gasLimit: 5_000_000_000,
    }))
    const middle = estimatePremium(full, 20, 10)
    expect(middle).toBeLessThan(910_000n)
    expect(middle).toBeGreaterThan(850_000n)
  })
})
