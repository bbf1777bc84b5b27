import { attoFil, epoch, formatSectorSize, type PaddedSize, parseFil } from '@sealane/fil-units'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import {
  actorsVersionFor,
  aggregateNetworkFee,
  CONTINUED_FAULT_PROJECTION_EPOCHS,
  continuedFaultFee,
  type DeadlineInfo,
  dailyProofFee,
  datacapActor,
  deadlineAt,
  deadlineInfo,
  dealProviderCollateralBounds,
  eamActor,
  expectedRewardForPower,
  faultCutoffPassed,
  hasElapsed,
  INITIAL_PLEDGE_MAX_PER_BYTE,
  initialPledgeForPower,
  isOpen,
  lastEpoch,
  MAX_LABEL_BYTES,
  marketActor,
  maxSectorExpirationExtensionAt,
  networkNamed,
  nextNotElapsed,
  nextPeriodStart,
  PRE_COMMIT_DEPOSIT_PROJECTION_EPOCHS,
  periodElapsed,
  periodEnd,
  periodStarted,
  policyFor,
  postProofInfo,
  powerActor,
  preCommitDepositForPower,
  proofInfo,
  proverId,
  QUALITY_BASE_MULTIPLIER,
  qaPowerForWeight,
  qaPowerMax,
  qualityForWeight,
  quantizeDown,
  quantizeUp,
  quantSpecFor,
  replicaId,
  SECTOR_QUALITY_PRECISION,
  sealProofFor,
  TOTAL_FILECOIN,
  terminationFee,
  VERIFIED_DEAL_WEIGHT_MULTIPLIER,
  verifregActor,
  windowPostProofFor,
} from '../src/index.js'
import { bytes, codeOf, failureOf, hex } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'policy.json')
const mainnet = policyFor('mainnet')

/** Where each recorded constant is found here; a constant without a place fails the test. */
const constants: Record<string, unknown> = {
  AddressedPartitionsMax: mainnet.addressedPartitionsMax,
  AddressedSectorsMax: mainnet.addressedSectorsMax,
  ChainFinality: mainnet.chainFinality,
  ContinuedFaultProjectionPeriod: CONTINUED_FAULT_PROJECTION_EPOCHS,
  DailyFeeBlockRewardCapDenom: 2,
  DealMaxDuration: mainnet.dealMaxDuration,
  DealMaxLabelSize: MAX_LABEL_BYTES,
  DealMinDuration: mainnet.dealMinDuration,
  DealUpdatesInterval: mainnet.dealUpdatesInterval,
  DeclarationsMax: mainnet.declarationsMax,
  EndOfLifeClaimDropPeriod: mainnet.endOfLifeClaimDropPeriod,
  EpochDurationSeconds: mainnet.blockDelaySeconds,
  EpochsInDay: mainnet.provingPeriod,
  EpochsInHour: 3600 / mainnet.blockDelaySeconds,
  EpochsInYear: 365 * mainnet.provingPeriod,
  ExpectedLeadersPerEpoch: mainnet.expectedLeadersPerEpoch,
  FaultDeclarationCutoff: mainnet.faultDeclarationCutoff,
  FaultMaxAge: mainnet.faultMaxAge,
  InitialPledgeMaxPerByte: `${INITIAL_PLEDGE_MAX_PER_BYTE}`,
  InitialPledgeProjectionPeriod: PRE_COMMIT_DEPOSIT_PROJECTION_EPOCHS,
  MarketDefaultAllocationTermBuffer: mainnet.marketAllocationTermBuffer,
  MaxAggregateProofSize: mainnet.aggregateProofMaxBytes,
  MaxAggregatedSectors: mainnet.aggregatedSectorsMax,
  MaximumVerifiedAllocationExpiration: mainnet.maxVerifiedAllocationExpiration,
  MaximumVerifiedAllocationTerm: mainnet.maxVerifiedAllocationTerm,
  MaxPartitionsPerDeadline: mainnet.partitionsPerDeadlineMax,
  MaxPreCommitRandomnessLookback: mainnet.maxPreCommitRandomnessLookback,
  MaxSectorExpirationExtension: mainnet.maxSectorExpirationExtension,
  // Inside the pledge's formula, which the economics cases check as a whole.
  GammaFixedPointFactor: 1000,
  InitialPledgeLockTarget: ['3', '10'],
  MinAggregatedSectors: mainnet.aggregatedSectorsMin,
  MinimumVerifiedAllocationTerm: mainnet.minVerifiedAllocationTerm,
  MinSectorExpiration: mainnet.minSectorExpiration,
  PoStedPartitionsMax: mainnet.postedPartitionsMax,
  PreCommitChallengeDelay: mainnet.preCommitChallengeDelay,
  PreCommitDepositProjectionPeriod: PRE_COMMIT_DEPOSIT_PROJECTION_EPOCHS,
  PreCommitSectorBatchMaxSize: mainnet.preCommitBatchMax,
  ProviderCollateralSupplyTarget: [
    `${mainnet.providerCollateralSupplyTarget.numerator}`,
    `${mainnet.providerCollateralSupplyTarget.denominator}`,
  ],
  QualityBaseMultiplier: `${QUALITY_BASE_MULTIPLIER}`,
  SealRandomnessLookback: mainnet.sealRandomnessLookback,
  SecondsInDay: mainnet.blockDelaySeconds * mainnet.provingPeriod,
  SecondsInHour: 3600,
  SectorQualityPrecision: Number(SECTOR_QUALITY_PRECISION),
  // No rule of ours reads it; written down so that a change of the recording is seen.
  SignersMax: 256,
  TokenPrecision: `${parseFil('1')}`,
  TotalFilecoin: `${TOTAL_FILECOIN}`,
  VerifiedDealWeightMultiplier: `${VERIFIED_DEAL_WEIGHT_MULTIPLIER}`,
  WorkerKeyChangeDelay: mainnet.workerKeyChangeDelay,
  WPoStChallengeLookback: mainnet.challengeLookback,
  WPoStChallengeWindow: mainnet.challengeWindow,
  WPoStDisputeWindow: mainnet.disputeWindow,
  WPoStPeriodDeadlines: mainnet.periodDeadlines,
  WPoStProvingPeriod: mainnet.provingPeriod,
}

/** Of 2k networks. */
const constantsOf2k: Record<string, unknown> = {
  ConsensusMinerMinPower: Number(policyFor('devnet-2k').minConsensusPower),
  MinVerifiedDealSize: Number(policyFor('devnet-2k').minVerifiedAllocationSize),
  PreCommitChallengeDelay: policyFor('devnet-2k').preCommitChallengeDelay,
  // No rule of ours reads it; written down so that a change of the recording is seen.
  SlashablePowerDelay: 20,
}

const singletons: Record<string, unknown> = {
  BurntFundsActorAddr: 'f099',
  CronActorAddr: 'f03',
  InitActorAddr: 'f01',
  RewardActorAddr: 'f02',
  SystemActorAddr: 'f00',
  DatacapActorAddr: datacapActor,
  EthereumAddressManagerActorAddr: eamActor,
  StorageMarketActorAddr: marketActor,
  StoragePowerActorAddr: powerActor,
  VerifiedRegistryActorAddr: verifregActor,
}

interface GoDeadline {
  CurrentEpoch: number
  PeriodStart: number
  Index: number
  Open: number
  Close: number
  Challenge: number
  FaultCutoff: number
}

function goForm(d: DeadlineInfo): GoDeadline {
  return {
    CurrentEpoch: d.currentEpoch,
    PeriodStart: d.periodStart,
    Index: d.index,
    Open: d.open,
    Close: d.close,
    Challenge: d.challenge,
    FaultCutoff: d.faultCutoff,
  }
}

function derived(d: DeadlineInfo): Record<string, number | boolean> {
  return {
    PeriodStarted: periodStarted(d),
    PeriodElapsed: periodElapsed(mainnet, d),
    PeriodEnd: periodEnd(mainnet, d),
    NextPeriodStart: nextPeriodStart(mainnet, d),
    IsOpen: isOpen(d),
    HasElapsed: hasElapsed(d),
    Last: lastEpoch(d),
    NextOpen: d.close,
    FaultCutoffPassed: faultCutoffPassed(d),
  }
}

describe('recorded policy', () => {
  it.each(recorded<RecordedCase & { name: string; value: unknown }>('constant'))('$name', (c) => {
    expect(constants).toHaveProperty(c.name)
    expect(constants[c.name]).toEqual(c.value)
  })

  it.each(recorded<RecordedCase & { name: string; value: unknown }>('constant_2k'))(
    '$name on 2k networks',
    (c) => {
      expect(constantsOf2k).toHaveProperty(c.name)
      expect(`${constantsOf2k[c.name]}`).toBe(`${c.value}`)
    },
  )

  it.each(recorded<RecordedCase & { name: string; address: string }>('singleton'))(
    '$name is $address',
    (c) => {
      expect(singletons).toHaveProperty(c.name)
      expect(singletons[c.name]).toBe(c.address)
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        value: number
        sector_size: number
        sector_size_short: string
        proof_size: number
        winning_post: number
        window_post_nv19: number
        update_proof: number
        porep_id: string | null
        max_lifetime: number
        max_prove_commit_duration: number | null
        synthetic: boolean
        non_interactive: boolean
      }
    >('seal_proof'),
  )('seal proof $value', (c) => {
    if (!c.ok) {
      expect(codeOf(() => proofInfo(c.value))).toBe('UNSUPPORTED_PROOF')
      return
    }
    const info = proofInfo(c.value)
    expect(info).toMatchObject({
      sectorSize: BigInt(c.sector_size),
      proofSizeBytes: c.proof_size,
      winningPostProof: c.winning_post,
      windowPostProof: c.window_post_nv19,
      updateProof: c.update_proof,
      maxLifetime: c.max_lifetime,
      maxProveCommitDuration: c.max_prove_commit_duration ?? undefined,
      synthetic: c.synthetic,
      nonInteractive: c.non_interactive,
    })
    expect(info.porepId === undefined ? null : hex(info.porepId)).toBe(c.porep_id)
    expect(formatSectorSize(info.sectorSize)).toBe(c.sector_size_short)
  })

  it.each(
    recorded<
      RecordedCase & {
        value: number
        sector_size_ok: boolean
        sector_size: number
        proof_size: number
        partition_sectors?: number
        v1_1?: number
      }
    >('post_proof'),
  )('PoSt proof $value', (c) => {
    if (!c.sector_size_ok) {
      expect(codeOf(() => postProofInfo(c.value))).toBe('UNSUPPORTED_PROOF')
      return
    }
    expect(postProofInfo(c.value)).toMatchObject({
      sectorSize: BigInt(c.sector_size),
      proofSizeBytes: c.proof_size,
      partitionSectors: c.partition_sectors,
      v11: c.v1_1,
    })
  })

  it.each(
    recorded<
      RecordedCase & {
        proof_type: number
        prover: number
        sector: number
        ticket: string
        commd: string
        replica_id: string
      }
    >('replica_id'),
  )('replica id of sector $sector, proof $proof_type', (c) => {
    const make = () =>
      replicaId({
        sealProof: c.proof_type,
        minerId: c.prover,
        sectorNumber: c.sector,
        ticket: bytes(c.ticket),
        commD: bytes(c.commd),
      })
    if (c.ok) expect(hex(make())).toBe(c.replica_id)
    else expect(failureOf(make)?.message).toBe(c.error)
  })

  it.each(recorded<RecordedCase & { actor_id: number | string; prover_id: string }>('prover_id'))(
    'prover id of $actor_id',
    (c) => {
      if (c.ok) expect(hex(proverId(BigInt(c.actor_id)))).toBe(c.prover_id)
      else expect(codeOf(() => proverId(BigInt(c.actor_id)))).toBe('INVALID_ACTOR_ID')
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        sector_size: number
        duration: number
        verified_weight: string
        quality: string
        qa_power: string
        qa_power_max: string
      }
    >('quality'),
  )('quality of $sector_size bytes over $duration epochs', (c) => {
    const sector = [BigInt(c.sector_size), c.duration, BigInt(c.verified_weight)] as const
    expect(`${qualityForWeight(...sector)}`).toBe(c.quality)
    expect(`${qaPowerForWeight(...sector)}`).toBe(c.qa_power)
    expect(`${qaPowerMax(BigInt(c.sector_size))}`).toBe(c.qa_power_max)
  })

  it.each(
    recorded<
      RecordedCase & {
        reward_position_q128: string
        reward_velocity_q128: string
        power_position_q128: string
        power_velocity_q128: string
        qa_power: string
        baseline_power: string
        circulating_supply: string
        epochs_since_ramp_start: number
        ramp_duration_epochs: number
        expected_reward_20d: string
        pre_commit_deposit: string
        initial_pledge: string
        continued_fault_penalty: string
        daily_proof_fee: string
      }
    >('economics'),
  )('economics at power $power_position_q128 for $qa_power', (c) => {
    const network = {
      rewardSmoothed: {
        positionEstimate: BigInt(c.reward_position_q128),
        velocityEstimate: BigInt(c.reward_velocity_q128),
      },
      qaPowerSmoothed: {
        positionEstimate: BigInt(c.power_position_q128),
        velocityEstimate: BigInt(c.power_velocity_q128),
      },
      baselinePower: BigInt(c.baseline_power),
      circulatingSupply: attoFil(BigInt(c.circulating_supply)),
      epochsSinceRampStart: Number(c.epochs_since_ramp_start),
      rampDurationEpochs: Number(c.ramp_duration_epochs),
    }
    const qaPower = BigInt(c.qa_power)
    expect(`${expectedRewardForPower(network, qaPower, 57_600)}`).toBe(c.expected_reward_20d)
    expect(`${preCommitDepositForPower(network, qaPower)}`).toBe(c.pre_commit_deposit)
    expect(`${initialPledgeForPower(network, qaPower)}`).toBe(c.initial_pledge)
    expect(`${continuedFaultFee(network, qaPower)}`).toBe(c.continued_fault_penalty)
    expect(`${dailyProofFee(network.circulatingSupply, qaPower)}`).toBe(c.daily_proof_fee)
  })

  it.each(
    recorded<
      RecordedCase & { initial_pledge: string; sector_age: number; fault_fee: string; penalty: string }
    >('termination_penalty'),
  )('termination at age $sector_age', (c) => {
    const fee = terminationFee(
      attoFil(BigInt(c.initial_pledge)),
      epoch(c.sector_age),
      attoFil(BigInt(c.fault_fee)),
    )
    expect(`${fee}`).toBe(c.penalty)
  })

  it.each(
    recorded<
      RecordedCase & {
        count: number
        base_fee: string
        v15_pre_commit_fee: string
        v15_prove_commit_fee: string
        lotus_pre_commit_fee_nv24: string
        lotus_pre_commit_fee_nv27: string
      }
    >('aggregate_fee'),
  )('aggregate fee of $count', (c) => {
    const fee = (kind: 'preCommit' | 'proveCommit', version: number) =>
      `${aggregateNetworkFee(kind, c.count, attoFil(BigInt(c.base_fee)), version)}`
    expect(fee('preCommit', 24)).toBe(c.v15_pre_commit_fee)
    expect(fee('proveCommit', 24)).toBe(c.v15_prove_commit_fee)
    expect([fee('preCommit', 24), fee('preCommit', 27)]).toEqual([
      c.lotus_pre_commit_fee_nv24,
      c.lotus_pre_commit_fee_nv27,
    ])
  })

  it.each(
    recorded<
      RecordedCase & {
        piece_size: number
        raw_power: string
        baseline_power: string
        circulating_supply: string
        min: string
        max: string
      }
    >('deal_collateral'),
  )('collateral of a piece of $piece_size', (c) => {
    const bounds = dealProviderCollateralBounds(
      mainnet,
      {
        rawPower: BigInt(c.raw_power),
        baselinePower: BigInt(c.baseline_power),
        circulatingSupply: attoFil(BigInt(c.circulating_supply)),
      },
      BigInt(c.piece_size) as PaddedSize,
    )
    expect([`${bounds.min}`, `${bounds.max}`]).toEqual([c.min, c.max])
  })

  it.each(
    recorded<
      RecordedCase & {
        network_version: number
        actors_version: number
        max_sector_expiration_extension: number
        addressed_sectors_max: number
        sector_max_lifetime_8: number
      }
    >('network'),
  )('network version $network_version', (c) => {
    if (!c.ok) {
      expect(codeOf(() => actorsVersionFor(c.network_version))).toBe('UNSUPPORTED_NETWORK_VERSION')
      return
    }
    expect(actorsVersionFor(c.network_version)).toBe(c.actors_version)
    expect(maxSectorExpirationExtensionAt(c.network_version)).toBe(c.max_sector_expiration_extension)
    expect(mainnet.addressedSectorsMax).toBe(c.addressed_sectors_max)
    expect(proofInfo(8).maxLifetime).toBe(c.sector_max_lifetime_8)
  })

  it.each(
    recorded<RecordedCase & { epoch: number; unit: number; offset_seed: number; up: number; down: number }>(
      'quantize',
    ),
  )('quantizes $epoch by $unit from $offset_seed', (c) => {
    const spec = { unit: epoch(c.unit), offset: epoch(c.offset_seed) }
    expect([quantizeUp(epoch(c.epoch), spec), quantizeDown(epoch(c.epoch), spec)]).toEqual([c.up, c.down])
  })

  it.each(
    recorded<
      RecordedCase & { offset: number; epoch: number; info: GoDeadline; derived?: Record<string, unknown> }
    >('deadline_from_offset'),
  )('deadline of offset $offset at $epoch', (c) => {
    const d = deadlineAt(mainnet, epoch(c.offset), epoch(c.epoch))
    expect(goForm(d)).toEqual(c.info)
    if (c.derived !== undefined) expect(derived(d)).toMatchObject(c.derived)
  })

  it.each(
    recorded<
      RecordedCase & {
        period_start: number
        index: number
        epoch: number
        info: GoDeadline
        derived: Record<string, unknown>
        next_not_elapsed: GoDeadline
        quant_up_of_epoch: number
      }
    >('deadline_info'),
  )('deadline $index of $period_start at $epoch', (c) => {
    const d = deadlineInfo(mainnet, epoch(c.period_start), c.index, epoch(c.epoch))
    expect(goForm(d)).toEqual(c.info)
    if (c.derived !== undefined) expect(derived(d)).toMatchObject(c.derived)
    if (c.next_not_elapsed !== undefined)
      expect(goForm(nextNotElapsed(mainnet, d))).toEqual(c.next_not_elapsed)
    if (c.quant_up_of_epoch !== undefined) {
      expect(quantizeUp(epoch(c.epoch), quantSpecFor(mainnet, d))).toBe(c.quant_up_of_epoch)
    }
  })
})

describe('choosing a policy', () => {
  it('has numbers for the three networks and for no other version', () => {
    expect(policyFor('devnet-2k').preCommitChallengeDelay).toBe(10)
    expect(policyFor('calibration').maxProveCommitDuration).toBe(86_550)
    expect(codeOf(() => policyFor('mainnet', 27))).toBe('UNSUPPORTED_NETWORK_VERSION')
  })

  it('knows networks by what a node calls them, and guesses none', () => {
    expect(networkNamed('testnetnet')).toBe('mainnet')
    expect(networkNamed('calibrationnet')).toBe('calibration')
    expect(networkNamed('localnet-2k')).toBe('devnet-2k')
    expect(codeOf(() => networkNamed('butterflynet'))).toBe('UNSUPPORTED_NETWORK')
  })

  it('gives new sectors V1_1 proofs', () => {
    expect([2n << 10n, 8n << 20n, 512n << 20n, 32n << 30n, 64n << 30n].map(sealProofFor)).toEqual([
      5, 6, 7, 8, 9,
    ])
    expect([2n << 10n, 32n << 30n].map(windowPostProofFor)).toEqual([10, 13])
    expect(codeOf(() => sealProofFor(4096n))).toBe('UNSUPPORTED_SECTOR_SIZE')
    expect(policyFor('devnet-2k').allowedSealProofs).toEqual([5, 10, 6, 11])
  })
})
