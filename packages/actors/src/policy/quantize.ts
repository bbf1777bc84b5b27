import { type ChainEpoch, epoch } from '@sealane/fil-units'

/** Epochs on a grid: `unit` apart, through `offset`. */
export interface QuantSpec {
  unit: ChainEpoch
  offset: ChainEpoch
}

/** The first grid epoch at or after `at`. Source: builtin-actors miner/src/quantize.rs */
export function quantizeUp(at: ChainEpoch, { unit, offset }: QuantSpec): ChainEpoch {
  const phase = offset % unit
  return epoch(Math.ceil((at - phase) / unit) * unit + phase)
}

/** The last grid epoch at or before `at`. */
export function quantizeDown(at: ChainEpoch, { unit, offset }: QuantSpec): ChainEpoch {
  const phase = offset % unit
  return epoch(Math.floor((at - phase) / unit) * unit + phase)
}
