/**
 * The numbers of this chain's rules: those of mainnet at network version 28, but for what a 2k network shortens
 * (challenge delay, minimum power). Epochs unless said otherwise.
 * Source: filecoin-project/builtin-actors runtime/src/runtime/policy.rs and actors/miner/src/policy.rs at actors v18.
 */
const epochsInDay = 2880

export const policy = {
  epochsInDay,
  provingPeriod: 2880,
  challengeWindow: 60,
  periodDeadlines: 48,
  challengeLookback: 20,
  faultDeclarationCutoff: 70,
  faultMaxAge: 42 * epochsInDay,
  chainFinality: 900,
  workerKeyChangeDelay: 900,
  maxPreCommitRandomnessLookback: epochsInDay + 900,
  /** 150 on mainnet; 10 with builtin-actors' feature short-precommit, as 2k networks build it. */
  preCommitChallengeDelay: 10,
  maxProveCommitDuration: 30 * epochsInDay + 10,
  expiredPreCommitCleanUpDelay: 8 * 120,
  minSectorExpiration: 180 * epochsInDay,
  maxSectorExpirationExtension: 1278 * epochsInDay,
  sectorMaximumLifetime: 5 * 365 * epochsInDay,
  postedPartitionsMax: 3,
  addressedPartitionsMax: 3000,
  addressedSectorsMax: 25_000,
  maxPartitionsPerDeadline: 3000,
  maxControlAddresses: 10,
  /** Bytes. */
  maxPeerIdLength: 128,
  /** Bytes of all multiaddresses together. */
  maxMultiaddrData: 1024,
  minAggregatedSectors: 4,
  maxAggregatedSectors: 819,
  /** Bytes; feature min-power-2k (10 TiB on mainnet). */
  minimumConsensusPower: 2048n,
  consensusMinerMinMiners: 4,
  dealUpdatesInterval: 30 * epochsInDay,
  dealMinDuration: 180 * epochsInDay,
  dealMaxDuration: 1278 * epochsInDay,
  /** Bytes. */
  dealMaxLabelSize: 256,
  rewardVesting: { period: 180 * epochsInDay, step: epochsInDay, quantization: 12 * 120 },
} as const
