import { readFileSync } from 'node:fs'
import { attoFil } from '@sealane/fil-units'
import { describe, expect, it } from 'vitest'
import { type GasBid, gasOutputs } from './gas-outputs.js'
import { inclusionGas } from './gas-schedule.js'
import { nextBaseFee } from './next-base-fee.js'

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'))

interface Bid {
  gasLimit: number
  gasFeeCap: string
  gasPremium: string
}

interface RecordedGas extends Bid {
  name: string
  gasUsed: number
  gasCost: Record<'BaseFeeBurn' | 'OverEstimationBurn' | 'MinerTip' | 'Refund' | 'TotalCost', string>
  chainMessageLength: number
  inclusionGas: number | null
}

const bidOf = ({ gasLimit, gasFeeCap, gasPremium }: Bid): GasBid => ({
  gasLimit,
  gasFeeCap: attoFil(BigInt(gasFeeCap)),
  gasPremium: attoFil(BigInt(gasPremium)),
})

describe('gas as a real network recorded it', () => {
  const messages: RecordedGas[] = vectors('gas.json')

  it('splits the fee of every message into the same burn, tip and refund', () => {
    expect(messages.length).toBe(97)
    for (const message of messages) {
      const baseFee = attoFil(BigInt(message.gasCost.BaseFeeBurn) / BigInt(message.gasUsed))
      const fees = gasOutputs(message.gasUsed, bidOf(message), baseFee)
      expect({ name: message.name, ...fees }).toMatchObject({
        name: message.name,
        baseFeeBurn: BigInt(message.gasCost.BaseFeeBurn),
        overEstimationBurn: BigInt(message.gasCost.OverEstimationBurn),
        minerTip: BigInt(message.gasCost.MinerTip),
        refund: BigInt(message.gasCost.Refund),
        totalCost: BigInt(message.gasCost.TotalCost),
      })
    }
  })

  it('charges the same for carrying a message', () => {
    for (const { name, chainMessageLength, inclusionGas: recorded } of messages) {
      if (recorded !== null) expect([name, inclusionGas(chainMessageLength)]).toEqual([name, recorded])
    }
  })

  it('moves the base fee from tipset to tipset as recorded', () => {
    const tipsets: { baseFee: string; next: string; messages: Bid[] }[] = vectors('base-fee.json')
    expect(tipsets.length).toBe(66)
    for (const { baseFee, next, messages: bids } of tipsets) {
      expect(nextBaseFee(attoFil(BigInt(baseFee)), bids.map(bidOf))).toBe(BigInt(next))
    }
  })
})
