import { type AttoFil, attoFil, type ChainEpoch, epoch, type PaddedSize } from '@sealane/fil-units'
import { PolicyError } from './policy-error.js'
import { sealProofFor, sectorSizes, windowPostProofFor } from './registered-proofs.js'

/** Networks Sealane has numbers for. */
export type NetworkName = 'mainnet' | 'calibration' | 'devnet-2k'

// Sources below: BA = filecoin-project/builtin-actors v18 runtime/src/runtime/policy.rs unless another file is named,
// GST = filecoin-project/go-state-types v0.18.0, LOTUS = filecoin-project/lotus v1.36.
// An epoch is `blockDelaySeconds` long: never assume 30 s.

/** Every number of a network's rules that Sealane uses. Epoch counts are the same on all three unless noted. */
export interface NetworkPolicy {
  name: NetworkName
  /** Network version these numbers hold for. LOTUS build/buildconstants. */
  networkVersion: number
  /** Prefix of printed addresses: `f` on mainnet, `t` elsewhere. GST address.CurrentNetwork. */
  addressPrefix: 'f' | 't'
  /** Seconds per epoch as the network was built; a running node's `Version.BlockDelay` wins. LOTUS BlockDelaySecs. */
  blockDelaySeconds: number

  /** Epochs in which every sector is proven once. BA WPOST_PROVING_PERIOD (24 h). */
  provingPeriod: ChainEpoch
  /** Epochs a deadline stays open. BA WPOST_CHALLENGE_WINDOW (30 min). */
  challengeWindow: ChainEpoch
  /** Deadlines per proving period. BA WPOST_PERIOD_DEADLINES. */
  periodDeadlines: number
  /** Epochs before a deadline opens at which its challenge is drawn. BA WPOST_CHALLENGE_LOOKBACK. */
  challengeLookback: ChainEpoch
  /** Epochs before a deadline opens after which faults and recoveries can no longer be declared. BA FAULT_DECLARATION_CUTOFF. */
  faultDeclarationCutoff: ChainEpoch
  /** Epochs a sector may stay faulty before it is terminated. BA FAULT_MAX_AGE (42 proving periods). */
  faultMaxAge: ChainEpoch
  /** Epochs after a deadline closes in which its proofs may be disputed. BA WPOST_DISPUTE_WINDOW. */
  disputeWindow: ChainEpoch
  /** Epochs after which chain state is final with overwhelming probability. BA CHAIN_FINALITY. */
  chainFinality: ChainEpoch

  /** Epochs behind the head at which a seal ticket is drawn. LOTUS chain/actors/policy SealRandomnessLookback. */
  sealRandomnessLookback: ChainEpoch
  /** Oldest ticket a pre-commit may carry, epochs. BA MAX_PRE_COMMIT_RANDOMNESS_LOOKBACK (1 day + finality). */
  maxPreCommitRandomnessLookback: ChainEpoch
  /** Epochs from a pre-commit's landing to the epoch whose randomness seeds its proof: 150, 10 on 2k. BA PRE_COMMIT_CHALLENGE_DELAY. */
  preCommitChallengeDelay: ChainEpoch
  /** Epochs from a pre-commit's landing to the last chance to prove it (30 days + challenge delay). BA miner/src/policy.rs max_prove_commit_duration. */
  maxProveCommitDuration: ChainEpoch
  /** Epochs an expired pre-commit stays in state (8 h). BA EXPIRED_PRE_COMMIT_CLEAN_UP_DELAY. */
  expiredPreCommitCleanUpDelay: ChainEpoch
  /** Shortest life of a sector past activation, epochs (180 days). BA MIN_SECTOR_EXPIRATION. */
  minSectorExpiration: ChainEpoch
  /** Furthest expiration from now, epochs (1278 days). BA MAX_SECTOR_EXPIRATION_EXTENSION. */
  maxSectorExpirationExtension: ChainEpoch
  /** Longest whole life of a sector, epochs (5 years of 365 days). GST abi/sector.go SectorMaximumLifetime. */
  maxSectorLifetime: ChainEpoch
  /** Epochs from proposing a worker key to being able to confirm it. BA WORKER_KEY_CHANGE_DELAY. */
  workerKeyChangeDelay: ChainEpoch
  /** Epochs a miner is shut out after a consensus fault. BA CONSENSUS_FAULT_INELIGIBILITY_DURATION. */
  consensusFaultIneligibility: ChainEpoch

  /** Partitions one PoSt message may prove. BA miner/src/policy.rs POSTED_PARTITIONS_MAX. */
  postedPartitionsMax: number
  /** Partitions a deadline may hold. BA MAX_PARTITIONS_PER_DEADLINE. */
  partitionsPerDeadlineMax: number
  /** Partitions one message may touch. BA ADDRESSED_PARTITIONS_MAX. */
  addressedPartitionsMax: number
  /** Declarations in one message. BA DECLARATIONS_MAX. */
  declarationsMax: number
  /** Sectors one message may touch. BA ADDRESSED_SECTORS_MAX. */
  addressedSectorsMax: number
  /** Control addresses of a miner. BA MAX_CONTROL_ADDRESSES. */
  controlAddressesMax: number
  /** Longest peer id on chain, bytes. BA MAX_PEER_ID_LENGTH. */
  peerIdMaxBytes: number
  /** All multiaddrs of a miner together, bytes. BA MAX_MULTIADDR_DATA. */
  multiaddrsMaxBytes: number
  /** Sectors in one aggregate proof, at least. BA MIN_AGGREGATED_SECTORS. */
  aggregatedSectorsMin: number
  /** Sectors in one aggregate proof, at most. BA MAX_AGGREGATED_SECTORS. */
  aggregatedSectorsMax: number
  /** Longest aggregate proof, bytes. BA MAX_AGGREGATED_PROOF_SIZE. */
  aggregateProofMaxBytes: number
  /** Sectors in one pre-commit message that peers use; the actor itself has no limit. BA PRE_COMMIT_SECTOR_BATCH_MAX_SIZE. */
  preCommitBatchMax: number

  /** Shortest deal, epochs (180 days). GST builtin/v18/market/policy.go DealMinDuration. */
  dealMinDuration: ChainEpoch
  /** Longest deal, epochs (1278 days). GST builtin/v18/market/policy.go DealMaxDuration. */
  dealMaxDuration: ChainEpoch
  /** Epochs between two looks of the market's cron at one deal (30 days). BA DEAL_UPDATES_INTERVAL. */
  dealUpdatesInterval: ChainEpoch
  /** Share of circulating supply, weighted by power, that a provider must lock per deal: 1/100. BA PROV_COLLATERAL_PERCENT_SUPPLY_*. */
  providerCollateralSupplyTarget: { numerator: bigint; denominator: bigint }
  /** Smallest verified allocation, padded bytes: 1 MiB, 256 on 2k. BA MINIMUM_VERIFIED_ALLOCATION_SIZE. */
  minVerifiedAllocationSize: PaddedSize
  /** Shortest verified term, epochs (180 days). BA MINIMUM_VERIFIED_ALLOCATION_TERM. */
  minVerifiedAllocationTerm: ChainEpoch
  /** Longest verified term, epochs (5 years). BA MAXIMUM_VERIFIED_ALLOCATION_TERM. */
  maxVerifiedAllocationTerm: ChainEpoch
  /** Epochs an allocation may wait to be claimed (60 days). BA MAXIMUM_VERIFIED_ALLOCATION_EXPIRATION. */
  maxVerifiedAllocationExpiration: ChainEpoch
  /** Epochs at a sector's end in which claims may be dropped (30 days). BA END_OF_LIFE_CLAIM_DROP_PERIOD. */
  endOfLifeClaimDropPeriod: ChainEpoch
  /** Epochs past a verified deal's end that its allocation may last (90 days). BA MARKET_DEFAULT_ALLOCATION_TERM_BUFFER. */
  marketAllocationTermBuffer: ChainEpoch

  /** Power below which a miner wins no blocks, bytes: 10 TiB, 32 GiB on calibration, 2 KiB on 2k. BA MINIMUM_CONSENSUS_POWER. */
  minConsensusPower: bigint
  /** Power the deposit of a new miner is computed from, bytes: a tenth of the above. BA actors/miner/src/policy.rs:424 (FIP-0077). */
  createMinerDepositPower: bigint
  /** Miners above the minimum before it applies. BA power/src/policy.rs CONSENSUS_MINER_MIN_MINERS. */
  consensusMinerMinMiners: number
  /** Block winners expected per epoch. GST builtin.ExpectedLeadersPerEpoch. */
  expectedLeadersPerEpoch: number

  /** Least base fee, attoFIL per gas unit. LOTUS buildconstants MinimumBaseFee. */
  minimumBaseFee: AttoFil
  /** Most the base fee may rise or fall in an epoch: 1/8. LOTUS buildconstants BaseFeeMaxChangeDenom. */
  baseFeeMaxChangeDenominator: bigint
  /** Gas units one block may hold. LOTUS buildconstants BlockGasLimit. */
  blockGasLimit: number
  /** Gas below the block's limit at which the base fee rule reads the premium, percent. LOTUS chain/store/basefee.go (FIP-0115). */
  blockGasTargetPercent: number

  /** Sector sizes miners may have, bytes. BA build.rs features sector-*. */
  sectorSizes: readonly bigint[]
  /** Seal proofs a pre-commit may carry: V1_1 and V1_1 synthetic of those sizes. BA ProofSet::default_seal_proofs. */
  allowedSealProofs: readonly number[]
  /** WindowPoSt proofs a new miner may choose. BA ProofSet::default_post_proofs, V1_1 only since network version 19. */
  allowedWindowPostProofs: readonly number[]

  /** Epochs on top of a message before Sealane acts on its landing. Project decision: docs of the main line, step 7. */
  landingConfidence: ChainEpoch
  /** Epochs on top of the seed epoch before Sealane proves with it. LOTUS InteractivePoRepConfidence (6). */
  seedConfidence: ChainEpoch
  /** Epochs on top of a publish message before Sealane reads its deal ids. Project decision: docs of the main line, step 7. */
  publishConfidence: ChainEpoch
}

const EPOCHS_IN_HOUR = 120
const EPOCHS_IN_DAY = 2880
const EPOCHS_IN_YEAR = 365 * EPOCHS_IN_DAY
const CHAIN_FINALITY = 900

/** What differs between networks. Source: builtin-actors build.rs, lotus build/buildconstants/params_*.go */
interface NetworkDifferences {
  name: NetworkName
  addressPrefix: 'f' | 't'
  blockDelaySeconds: number
  preCommitChallengeDelay: number
  minVerifiedAllocationSize: bigint
  minConsensusPower: bigint
  sectorSizes: readonly bigint[]
}

function build(network: NetworkDifferences): NetworkPolicy {
  return {
    name: network.name,
    networkVersion: 28,
    addressPrefix: network.addressPrefix,
    blockDelaySeconds: network.blockDelaySeconds,
    provingPeriod: epoch(EPOCHS_IN_DAY),
    challengeWindow: epoch(60),
    periodDeadlines: 48,
    challengeLookback: epoch(20),
    faultDeclarationCutoff: epoch(70),
    faultMaxAge: epoch(42 * EPOCHS_IN_DAY),
    disputeWindow: epoch(2 * CHAIN_FINALITY),
    chainFinality: epoch(CHAIN_FINALITY),
    sealRandomnessLookback: epoch(CHAIN_FINALITY),
    maxPreCommitRandomnessLookback: epoch(EPOCHS_IN_DAY + CHAIN_FINALITY),
    preCommitChallengeDelay: epoch(network.preCommitChallengeDelay),
    maxProveCommitDuration: epoch(30 * EPOCHS_IN_DAY + network.preCommitChallengeDelay),
    expiredPreCommitCleanUpDelay: epoch(8 * EPOCHS_IN_HOUR),
    minSectorExpiration: epoch(180 * EPOCHS_IN_DAY),
    maxSectorExpirationExtension: epoch(1278 * EPOCHS_IN_DAY),
    maxSectorLifetime: epoch(5 * EPOCHS_IN_YEAR),
    workerKeyChangeDelay: epoch(CHAIN_FINALITY),
    consensusFaultIneligibility: epoch(CHAIN_FINALITY),
    postedPartitionsMax: 3,
    partitionsPerDeadlineMax: 3000,
    addressedPartitionsMax: 3000,
    declarationsMax: 3000,
    addressedSectorsMax: 25_000,
    controlAddressesMax: 10,
    peerIdMaxBytes: 128,
    multiaddrsMaxBytes: 1024,
    aggregatedSectorsMin: 4,
    aggregatedSectorsMax: 819,
    aggregateProofMaxBytes: 81_960,
    preCommitBatchMax: 256,
    dealMinDuration: epoch(180 * EPOCHS_IN_DAY),
    dealMaxDuration: epoch(1278 * EPOCHS_IN_DAY),
    dealUpdatesInterval: epoch(30 * EPOCHS_IN_DAY),
    providerCollateralSupplyTarget: { numerator: 1n, denominator: 100n },
    minVerifiedAllocationSize: network.minVerifiedAllocationSize as PaddedSize,
    minVerifiedAllocationTerm: epoch(180 * EPOCHS_IN_DAY),
    maxVerifiedAllocationTerm: epoch(5 * EPOCHS_IN_YEAR),
    maxVerifiedAllocationExpiration: epoch(60 * EPOCHS_IN_DAY),
    endOfLifeClaimDropPeriod: epoch(30 * EPOCHS_IN_DAY),
    marketAllocationTermBuffer: epoch(90 * EPOCHS_IN_DAY),
    minConsensusPower: network.minConsensusPower,
    createMinerDepositPower: network.minConsensusPower / 10n,
    consensusMinerMinMiners: 4,
    expectedLeadersPerEpoch: 5,
    minimumBaseFee: attoFil(100n),
    baseFeeMaxChangeDenominator: 8n,
    blockGasLimit: 10_000_000_000,
    blockGasTargetPercent: 80,
    sectorSizes: network.sectorSizes,
    allowedSealProofs: network.sectorSizes.flatMap((size) => [sealProofFor(size), sealProofFor(size) + 5]),
    allowedWindowPostProofs: network.sectorSizes.map(windowPostProofFor),
    landingConfidence: epoch(5),
    seedConfidence: epoch(6),
    publishConfidence: epoch(10),
  }
}

const policies: Record<NetworkName, NetworkPolicy> = {
  mainnet: build({
    name: 'mainnet',
    addressPrefix: 'f',
    blockDelaySeconds: 30,
    preCommitChallengeDelay: 150,
    minVerifiedAllocationSize: 1n << 20n,
    minConsensusPower: 10n << 40n,
    sectorSizes: [sectorSizes['32GiB'], sectorSizes['64GiB']],
  }),
  calibration: build({
    name: 'calibration',
    addressPrefix: 't',
    blockDelaySeconds: 30,
    preCommitChallengeDelay: 150,
    minVerifiedAllocationSize: 1n << 20n,
    minConsensusPower: 32n << 30n,
    sectorSizes: [sectorSizes['32GiB'], sectorSizes['64GiB']],
  }),
  'devnet-2k': build({
    name: 'devnet-2k',
    addressPrefix: 't',
    blockDelaySeconds: 1,
    preCommitChallengeDelay: 10,
    minVerifiedAllocationSize: 256n,
    minConsensusPower: 2n << 10n,
    sectorSizes: [sectorSizes['2KiB'], sectorSizes['8MiB']],
  }),
}

/**
 * The numbers of a network at a network version.
 * @throws PolicyError `UNSUPPORTED_NETWORK_VERSION`: rules of other versions are not known here
 */
export function policyFor(name: NetworkName, networkVersion = 28): NetworkPolicy {
  const policy = policies[name]
  if (networkVersion !== policy.networkVersion) {
    throw new PolicyError(
      'UNSUPPORTED_NETWORK_VERSION',
      `${name} runs network version ${networkVersion}; this release knows the rules of ${policy.networkVersion}`,
    )
  }
  return policy
}

/**
 * Which of our networks a node's StateNetworkName is. Mainnet still answers with its first name, `testnetnet`. A lotus 2k network may
 * have any name (`localnet-<uuid>`): there the node's build tells, `Version` such as `1.36.0+2k+git.b835fab7`.
 * @throws PolicyError `UNSUPPORTED_NETWORK`: never guess rules for a stranger
 */
export function networkNamed(stateNetworkName: string, nodeVersion = ''): NetworkName {
  if (isMainnet(stateNetworkName)) return 'mainnet'
  if (stateNetworkName === 'calibrationnet' || stateNetworkName === 'calibration') return 'calibration'
  if (/(?:^|-)2k(?:-|$)|^sealane-devnet-/.test(stateNetworkName)) return 'devnet-2k'
  if (/\+2k(?:\+|$)/.test(nodeVersion)) return 'devnet-2k'
  throw new PolicyError(
    'UNSUPPORTED_NETWORK',
    `this release does not know the rules of the network "${stateNetworkName}": it knows mainnet, calibration, lotus 2k networks and its own devnet`,
  )
}

/** How the network of that name prints addresses: `f…` on mainnet, `t…` on every other. Source: GA CurrentNetwork */
export function addressPrefixOn(stateNetworkName: string): 'f' | 't' {
  return isMainnet(stateNetworkName) ? policies.mainnet.addressPrefix : 't'
}

function isMainnet(stateNetworkName: string): boolean {
  return stateNetworkName === 'testnetnet' || stateNetworkName === 'mainnet'
}

/** Actors bundle of a network version. @throws PolicyError. Source: GST actors/versions.go VersionForNetwork */
export function actorsVersionFor(networkVersion: number): number {
  if (networkVersion >= 26 && networkVersion <= 28) return networkVersion - 10
  if (networkVersion === 25) return 16
  if (networkVersion >= 20 && networkVersion <= 24) return networkVersion - 9
  if (networkVersion >= 12 && networkVersion <= 19) return networkVersion - 8
  if (networkVersion >= 10 && networkVersion <= 11) return 3
  if (networkVersion >= 4 && networkVersion <= 9) return 2
  if (networkVersion >= 0 && networkVersion <= 3) return 0
  throw new PolicyError('UNSUPPORTED_NETWORK_VERSION', `unknown network version ${networkVersion}`)
}

/** Furthest expiration from now at a network version, epochs: 540 days before version 21, then 1278. FIP-0067, FIP-0052. */
export function maxSectorExpirationExtensionAt(networkVersion: number): ChainEpoch {
  return epoch((networkVersion < 21 ? 540 : 1278) * EPOCHS_IN_DAY)
}
