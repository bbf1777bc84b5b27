export {
  type AttoFil,
  addFil,
  attoFil,
  attoFilFromText,
  formatFil,
  formatFilNano,
  formatFilShort,
  formatFilUnitless,
  multiplyFil,
  parseFil,
  subtractFil,
} from './atto-fil.js'
export type { Brand } from './brand.js'
export {
  formatBinaryBytes,
  formatDecimal,
  formatDecimalBytes,
  formatSectorSize,
  formatSize,
  parseDecimalSize,
  parseSize,
} from './byte-size.js'
export {
  type ChainEpoch,
  type EpochClock,
  epoch,
  epochToUnixSeconds,
  formatEpochTime,
  unixSecondsToEpoch,
} from './chain-epoch.js'
export {
  formatDuration,
  formatDurationInWords,
  formatNanoseconds,
  parseDuration,
  parseNanoseconds,
} from './duration.js'
export { formatPercent, parsePercent } from './percent.js'
export {
  type PaddedSize,
  paddedSize,
  toPadded,
  toUnpadded,
  type UnpaddedSize,
  unpaddedSize,
} from './piece-size.js'
export { pricePerEpoch, totalPrice } from './price.js'
export { UnitsError, type UnitsErrorCode } from './units-error.js'
export { formatRfc822, formatRfc3339 } from './unix-time.js'
