import { blake2b256 } from '@sealane/crypto'
import { type RecordedCase, recordedCases } from '@sealane/recordings'
import { describe, expect, it } from 'vitest'
import * as actors from '../src/index.js'
import { type ActorKind, BitField, type Codec, type DealLabel } from '../src/index.js'
import { bytes, codeOf, failureOf, hex, isUnsafe } from './recorded.js'

const recorded = recordedCases(import.meta.filename, 'actors-params.json')

/** The codec of each type of the vectors, under go-state-types' name. */
const codecs: Record<string, Codec<unknown>> = {
  'abi.CborBytes': actors.bytes,
  'abi.CborString': actors.text,
  'abi.ChainEpoch': actors.chainEpoch,
  'abi.SectorNumber': actors.uint,
  'abi.SectorSize': actors.uint64,
  'account.AuthenticateMessageParams': actors.authenticateMessageParams,
  'address.Address': actors.address,
  'batch.BatchReturn': actors.batchReturn,
  'big.Int': actors.bigInt,
  'bitfield.BitField': actors.bitfield,
  'datacap.BurnFromParams': actors.burnFromParams,
  'datacap.BurnFromReturn': actors.burnFromReturn,
  'datacap.BurnParams': actors.burnParams,
  'datacap.BurnReturn': actors.burnReturn,
  'datacap.DecreaseAllowanceParams': actors.decreaseAllowanceParams,
  'datacap.DestroyParams': actors.destroyParams,
  'datacap.GetAllowanceParams': actors.getAllowanceParams,
  'datacap.IncreaseAllowanceParams': actors.increaseAllowanceParams,
  'datacap.MintParams': actors.mintParams,
  'datacap.MintReturn': actors.mintReturn,
  'datacap.RevokeAllowanceParams': actors.revokeAllowanceParams,
  'datacap.TransferFromParams': actors.transferFromParams,
  'datacap.TransferFromReturn': actors.transferFromReturn,
  'datacap.TransferParams': actors.transferParams,
  'datacap.TransferReturn': actors.transferReturn,
  'init.Exec4Params': actors.exec4Params,
  'init.ExecParams': actors.execParams,
  'init.ExecReturn': actors.execReturn,
  'market.ActivateDealsResult': actors.activateDealsResult,
  'market.BatchActivateDealsParams': actors.batchActivateDealsParams,
  'market.ClientDealProposal': actors.clientDealProposal,
  'market.DealLabel': actors.dealLabel,
  'market.DealProposal': actors.dealProposal,
  'market.DealState': actors.dealState,
  'market.GetBalanceReturn': actors.getBalanceReturn,
  'market.GetDealActivationReturn': actors.getDealActivationReturn,
  'market.GetDealDataCommitmentReturn': actors.getDealDataCommitmentReturn,
  'market.GetDealTermReturn': actors.getDealTermReturn,
  'market.OnMinerSectorsTerminateParams': actors.onMinerSectorsTerminateParams,
  'market.PublishStorageDealsParams': actors.publishStorageDealsParams,
  'market.PublishStorageDealsReturn': actors.publishStorageDealsReturn,
  'market.SectorDeals': actors.sectorDeals,
  'market.SettleDealPaymentsReturn': actors.settleDealPaymentsReturn,
  'market.VerifiedDealInfo': actors.verifiedDealInfo,
  'market.VerifyDealsForActivationParams': actors.verifyDealsForActivationParams,
  'market.VerifyDealsForActivationReturn': actors.verifyDealsForActivationReturn,
  'market.WithdrawBalanceParams': actors.marketWithdrawBalanceParams,
  'miner.ApplyRewardParams': actors.applyRewardsParams,
  'miner.ChangeBeneficiaryParams': actors.changeBeneficiaryParams,
  'miner.ChangeMultiaddrsParams': actors.changeMultiaddrsParams,
  'miner.ChangePeerIDParams': actors.changePeerIdParams,
  'miner.ChangeWorkerAddressParams': actors.changeWorkerAddressParams,
  'miner.CheckSectorProvenParams': actors.checkSectorProvenParams,
  'miner.CompactPartitionsParams': actors.compactPartitionsParams,
  'miner.CompactSectorNumbersParams': actors.compactSectorNumbersParams,
  'miner.CronEventPayload': actors.cronEventPayload,
  'miner.DataActivationNotification': actors.dataActivationNotification,
  'miner.DeclareFaultsParams': actors.declareFaultsParams,
  'miner.DeclareFaultsRecoveredParams': actors.declareFaultsRecoveredParams,
  'miner.DeferredCronEventParams': actors.deferredCronEventParams,
  'miner.DisputeWindowedPoStParams': actors.disputeWindowedPostParams,
  'miner.ExtendSectorExpiration2Params': actors.extendSectorExpiration2Params,
  'miner.ExtendSectorExpirationParams': actors.extendSectorExpirationParams,
  'miner.GenerateSectorLocationParams': actors.generateSectorLocationParams,
  'miner.GenerateSectorLocationReturn': actors.generateSectorLocationReturn,
  'miner.GetBeneficiaryReturn': actors.getBeneficiaryReturn,
  'miner.GetControlAddressesReturn': actors.getControlAddressesReturn,
  'miner.GetMultiAddrsReturn': actors.getMultiaddrsReturn,
  'miner.GetOwnerReturn': actors.getOwnerReturn,
  'miner.GetPeerIDReturn': actors.getPeerIdReturn,
  'miner.GetVestingFundsReturn': actors.vestingFunds,
  'miner.InternalSectorSetupForPresealParams': actors.internalSectorSetupForPresealParams,
  'miner.MaxTerminationFeeParams': actors.maxTerminationFeeParams,
  'miner.PieceActivationManifest': actors.pieceActivationManifest,
  'miner.PreCommitSectorBatchParams': actors.preCommitSectorBatchParams,
  'miner.PreCommitSectorBatchParams2': actors.preCommitSectorBatchParams2,
  'miner.PreCommitSectorParams': actors.preCommitSectorParams,
  'miner.ProveCommitAggregateParams': actors.proveCommitAggregateParams,
  'miner.ProveCommitSectorParams': actors.proveCommitSectorParams,
  'miner.ProveCommitSectors3Params': actors.proveCommitSectors3Params,
  'miner.ProveCommitSectorsNIParams': actors.proveCommitSectorsNiParams,
  'miner.ProveReplicaUpdates3Params': actors.proveReplicaUpdates3Params,
  'miner.ProveReplicaUpdatesParams': actors.proveReplicaUpdatesParams,
  'miner.ProveReplicaUpdatesParams2': actors.proveReplicaUpdatesParams2,
  'miner.ReportConsensusFaultParams': actors.reportConsensusFaultParams,
  'miner.SectorActivationManifest': actors.sectorActivationManifest,
  'miner.SectorContentChangedParams': actors.sectorContentChangedParams,
  'miner.SectorContentChangedReturn': actors.sectorContentChangedReturn,
  'miner.SectorOnChainInfo': actors.sectorOnChainInfo,
  'miner.SectorPreCommitInfo': actors.sectorPreCommitInfo,
  'miner.SectorPreCommitOnChainInfo': actors.sectorPreCommitOnChainInfo,
  'miner.SectorUpdateManifest': actors.sectorUpdateManifest,
  'miner.SubmitWindowedPoStParams': actors.submitWindowedPostParams,
  'miner.TerminateSectorsParams': actors.terminateSectorsParams,
  'miner.TerminateSectorsReturn': actors.terminateSectorsReturn,
  'miner.ValidateSectorStatusParams': actors.validateSectorStatusParams,
  'miner.VerifiedAllocationKey': actors.verifiedAllocationKey,
  'miner.VestingFund': actors.vestingFund,
  'miner.VestingFunds': actors.vestingFunds,
  'miner.WithdrawBalanceParams': actors.minerWithdrawBalanceParams,
  'multisig.AddSignerParams': actors.addSignerParams,
  'multisig.ApproveReturn': actors.approveReturn,
  'multisig.ChangeNumApprovalsThresholdParams': actors.changeNumApprovalsThresholdParams,
  'multisig.ConstructorParams': actors.multisigConstructorParams,
  'multisig.LockBalanceParams': actors.lockBalanceParams,
  'multisig.ProposalHashData': actors.proposalHashData,
  'multisig.ProposeParams': actors.proposeParams,
  'multisig.ProposeReturn': actors.proposeReturn,
  'multisig.RemoveSignerParams': actors.removeSignerParams,
  'multisig.SwapSignerParams': actors.swapSignerParams,
  'multisig.Transaction': actors.multisigTransaction,
  'multisig.TxnIDParams': actors.txnIdParams,
  'power.CreateMinerParams': actors.createMinerParams,
  'power.CreateMinerReturn': actors.createMinerReturn,
  'power.CurrentTotalPowerReturn': actors.currentTotalPowerReturn,
  'power.EnrollCronEventParams': actors.enrollCronEventParams,
  'power.MinerConstructorParams': actors.minerConstructorParams,
  'power.MinerPowerReturn': actors.minerPowerReturn,
  'power.MinerRawPowerReturn': actors.minerRawPowerReturn,
  'power.UpdateClaimedPowerParams': actors.updateClaimedPowerParams,
  'proof.PoStProof': actors.postProof,
  'reward.AwardBlockRewardParams': actors.awardBlockRewardParams,
  'reward.ThisEpochRewardReturn': actors.thisEpochRewardReturn,
  'smoothing.FilterEstimate': actors.filterEstimate,
  'typegen.CborBool': actors.bool,
  'typegen.CborInt': actors.uint,
  'verifreg.AddVerifiedClientParams': actors.addVerifiedClientParams,
  'verifreg.AddVerifierParams': actors.addVerifiedClientParams,
  'verifreg.Allocation': actors.allocation,
  'verifreg.AllocationRequests': actors.allocationRequests,
  'verifreg.AllocationsResponse': actors.allocationsResponse,
  'verifreg.Claim': actors.claim,
  'verifreg.ClaimAllocationsParams': actors.claimAllocationsParams,
  'verifreg.ClaimAllocationsReturn': actors.claimAllocationsReturn,
  'verifreg.ExtendClaimTermsParams': actors.extendClaimTermsParams,
  'verifreg.ExtendClaimTermsReturn': actors.batchReturn,
  'verifreg.GetClaimsParams': actors.getClaimsParams,
  'verifreg.GetClaimsReturn': actors.getClaimsReturn,
  'verifreg.RemoveDataCapParams': actors.removeDataCapParams,
  'verifreg.RemoveDataCapRequest': actors.removeDataCapRequest,
  'verifreg.RemoveDataCapReturn': actors.removeDataCapReturn,
  'verifreg.RemoveExpiredAllocationsParams': actors.removeExpiredAllocationsParams,
  'verifreg.RemoveExpiredAllocationsReturn': actors.removeExpiredAllocationsReturn,
  'verifreg.RemoveExpiredClaimsParams': actors.removeExpiredClaimsParams,
  'verifreg.RemoveExpiredClaimsReturn': actors.removeExpiredClaimsReturn,
  'verifreg.UniversalReceiverParams': actors.universalReceiverParams,
}

/** Go fields that may exceed 2^53 by nature: ours are bigints. */
const wideFields = new Set([
  'Allowance',
  'ClaimedSpace',
  'DataCapAmountToRemove',
  'DataCapRecovered',
  'DataCapRemoved',
  'Decrease',
  'GasReward',
  'Increase',
  'NonVerifiedDealSpace',
  'Penalty',
  'QualityAdjustedDelta',
  'Power',
  'RawByteDelta',
  'Reward',
  'RewardBaselinePower',
  'Supply',
  'ThisEpochBaselinePower',
  'Amount',
  'AmountRequested',
  'Balance',
  'ClientCollateral',
  'DailyFee',
  'DealWeight',
  'ExpectedDayReward',
  'ExpectedStoragePledge',
  'FromBalance',
  'InitialPledge',
  'Locked',
  'NewQuota',
  'Payment',
  'PieceSize',
  'PledgeCollateral',
  'PositionEstimate',
  'PreCommitDeposit',
  'ProviderCollateral',
  'QualityAdjPower',
  'Quota',
  'RawBytePower',
  'ReplacedDayReward',
  'Size',
  'StoragePricePerEpoch',
  'ToBalance',
  'UsedQuota',
  'Value',
  'VelocityEstimate',
  'VerifiedDealWeight',
])

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** Whether a vector holds an integer our plain numbers cannot. */
function holdsUnsafe(json: Json, field = ''): boolean {
  if (Array.isArray(json)) {
    if (field === 'runs')
      return isUnsafe(`${json.reduce((sum: bigint, run) => sum + BigInt(run as number | string), 0n)}`)
    return json.some((item) => holdsUnsafe(item, field))
  }
  if (typeof json === 'object' && json !== null)
    return Object.entries(json).some(([key, value]) => holdsUnsafe(value, key))
  if (wideFields.has(field) || typeof json !== 'string' || !/^-?\d+$/.test(json)) return false
  return json.length >= 16 && json.length <= 20 && isUnsafe(json)
}

/** camelCase of a Go field name, with acronyms as words. */
function camel(name: string): string {
  const words = name
    .replace('PoSt', 'Post')
    .replace('CID', 'Cid')
    .replace('IDs', 'Ids')
    .replace('ID', 'Id')
    .replace(/_$/, '')
  return words.charAt(0).toLowerCase() + words.slice(1)
}

/** A vector's fields with our names; numbers and amounts as text, so that both spellings compare. */
function expected(json: Json): unknown {
  if (Array.isArray(json)) return json.map(expected)
  if (typeof json === 'number') return `${json}`
  if (typeof json !== 'object' || json === null) return json
  if ('runs' in json) return { runs: (json.runs as Json[]).map(String) }
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [camel(key), expected(value)]))
}

/** Our value in the same form. */
function shown(value: unknown, field = ''): unknown {
  if (field === 'label') return showLabel(value as DealLabel)
  if (value instanceof BitField) return { runs: value.toJSON().map(String) }
  if (value instanceof Uint8Array) return hex(value)
  if (Array.isArray(value)) return value.map((item) => shown(item))
  if (typeof value === 'number' || typeof value === 'bigint') return `${value}`
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, key)]))
}

function showLabel(label: DealLabel): unknown {
  return typeof label === 'string' ? { string: label } : { bytes: hex(label) }
}

/** The value with addresses and CIDs that can be written. */
function defined(value: unknown): unknown {
  if (value === actors.undefinedAddress) return actors.idAddress(1000)
  if (value === actors.undefinedCid) return actors.pieceCid(new Uint8Array(32))
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof BitField)
    return value
  if (Array.isArray(value)) return value.map(defined)
  const entries = Object.entries(value)
  return Object.fromEntries(entries.map(([key, item]) => [key, key === 'label' ? item : defined(item)]))
}

function codecOf(type: string): Codec<unknown> {
  const found = codecs[type]
  if (found === undefined) throw new Error(`no codec for ${type}`)
  return found
}

const kinds: Record<string, ActorKind> = {
  cron: 'cron',
  datacap: 'datacap',
  eam: 'eam',
  ethaccount: 'ethaccount',
  evm: 'evm',
  init: 'init',
  account: 'account',
  system: 'system',
  market: 'storagemarket',
  miner: 'storageminer',
  multisig: 'multisig',
  paych: 'paymentchannel',
  power: 'storagepower',
  reward: 'reward',
  verifreg: 'verifiedregistry',
}

describe('recorded parameters and returns', () => {
  it.each(
    recorded<
      RecordedCase & {
        type: string
        actor: string
        method?: string
        role: string
        variant: string
        fields: Json
        cbor: string
      }
    >('encode'),
  )('$actor $method $type, $variant', (c) => {
    const codec = codecOf(c.type)
    if (!['big.Int', 'abi.SectorSize'].includes(c.type) && holdsUnsafe(c.fields)) {
      expect(codeOf(() => codec.decode(bytes(c.cbor)))).toBe('UNSAFE_INTEGER')
      return
    }
    const value = codec.decode(bytes(c.cbor))
    expect(shown(value)).toEqual(expected(c.fields))
    expect(hex(codec.encode(value))).toBe(c.cbor)
  })

  it.each(
    recorded<RecordedCase & { type: string; mutation: string; cbor: string; unread_bytes?: number }>(
      'decode',
    ),
  )('decodes $type with $mutation as the reference does', (c) => {
    const codec = codecOf(c.type)
    const failure = failureOf(() => codec.decodePrefix(bytes(c.cbor))) as
      | { name: string; code?: string }
      | undefined
    if (!c.ok) expect(failure?.name).toBe('CborError')
    else if (failure === undefined) {
      expect(codec.decodePrefix(bytes(c.cbor)).unreadBytes).toBe(c.unread_bytes)
      if ((c.unread_bytes ?? 0) > 0) expect(codeOf(() => codec.decode(bytes(c.cbor)))).toBe('TRAILING_BYTES')
    } else expect(failure.code).toBe('UNSAFE_INTEGER')
  })

  it.each(recorded<RecordedCase & { deal_id: number | string; cbor: string }>('deal_id_payload'))(
    'notifies f05 of deal $deal_id',
    (c) => {
      if (isUnsafe(c.deal_id)) expect(codeOf(() => actors.uint.decode(bytes(c.cbor)))).toBe('UNSAFE_INTEGER')
      else expect(hex(actors.dealIdPayload(Number(c.deal_id)))).toBe(c.cbor)
    },
  )

  it.each(
    recorded<RecordedCase & { variant: string; fields: Json; cbor: string; cid?: string }>('deal_proposal'),
  )('reads and writes a proposal: $variant', (c) => {
    const value = actors.dealProposal.decode(bytes(c.cbor))
    expect(shown(value)).toEqual(expected(c.fields))
    expect(hex(actors.proposalSigningBytes(value))).toBe(c.cbor)
    expect(actors.dealProposalCid(value)).toMatch(/^bafy2bzace/)
    if (c.cid !== undefined) expect(actors.dealProposalCid(value)).toBe(c.cid)
  })

  it.each(recorded<RecordedCase & { label: string }>('label_from_string'))(
    'judges the label "$label"',
    (c) => {
      expect(codeOf(() => actors.checkLabel(c.label))).toBe(c.ok ? undefined : 'TOO_LARGE')
    },
  )

  it.each(recorded<RecordedCase & { length: number }>('label_from_bytes'))(
    'judges a label of $length bytes',
    (c) => {
      expect(failureOf(() => actors.checkLabel(new Uint8Array(c.length)))?.message).toBe(
        c.ok ? undefined : c.error,
      )
    },
  )

  it.each(recorded<RecordedCase & { cbor: string }>('label_decode'))(
    'decodes the label $cbor as the reference does',
    (c) => {
      const failure = failureOf(() => actors.dealLabel.decodePrefix(bytes(c.cbor)))
      expect(failure?.name).toBe(c.ok ? undefined : 'CborError')
    },
  )

  it.each(
    recorded<
      RecordedCase & {
        fields: Json
        cbor: string
        valid: boolean
        codes?: number[]
        all_ok?: boolean
        size?: number
      }
    >('batch_return'),
  )('reads the batch return $cbor', (c) => {
    const value = actors.batchReturn.decode(bytes(c.cbor))
    expect(shown(value)).toEqual(expected(c.fields))
    if (!c.valid) {
      expect(failureOf(() => actors.batchCodes(value))?.message).toBe(c.error)
      return
    }
    expect(actors.batchCodes(value)).toEqual(c.codes)
    expect([value.failCodes.length === 0, actors.batchSize(value)]).toEqual([c.all_ok, c.size])
  })

  it.each(recorded<RecordedCase & { value: boolean[][]; cbor: string }>('sector_content_changed_return'))(
    'reads what f05 answers: $cbor',
    (c) => {
      expect(actors.sectorContentChangedReturn.decode(bytes(c.cbor))).toEqual(c.value)
      expect(hex(actors.sectorContentChangedReturn.encode(c.value))).toBe(c.cbor)
    },
  )

  it.each(
    recorded<RecordedCase & { type: string; variant: string; cbor: string; fields: Json }>('optional_field'),
  )('reads $type, $variant', (c) => {
    const codec = codecOf(c.type)
    expect(shown(codec.decode(bytes(c.cbor)))).toEqual(expected(c.fields))
    expect(hex(codec.encode(codec.decode(bytes(c.cbor))))).toBe(c.cbor)
  })

  it.each(recorded<RecordedCase & { method: string; method_num: number; params: string }>('empty_params'))(
    'sends $method without params',
    (c) => {
      expect(c.params).toBe('')
      expect(Object.entries(actors.minerMethods)).toContainEqual([c.method, c.method_num])
    },
  )

  it.each(recorded<RecordedCase & { actor: string; num: number; name: string }>('method'))(
    '$actor method $num is $name',
    (c) => {
      const kind = kinds[c.actor]
      if (kind === undefined) throw new Error(`unknown actor ${c.actor}`)
      // Where an exported method also is one of ours by number, our table's own name is as good.
      expect([c.name, c.name.replace(/Exported$/, '')]).toContain(actors.methodName(kind, c.num))
    },
  )

  it.each(recorded<RecordedCase & { name: string; num: number }>('frc42'))(
    'numbers the method "$name"',
    (c) => {
      if (c.ok) expect(actors.exportedMethod(c.name)).toBe(c.num)
      else expect(failureOf(() => actors.exportedMethod(c.name))?.message).toBe(c.error)
    },
  )

  it.each(recorded<RecordedCase & { fields: Json; cbor: string; hash: string }>('multisig_proposal_hash'))(
    'hashes a multisig proposal',
    (c) => {
      expect(
        hex(blake2b256(actors.proposalHashData.encode(actors.proposalHashData.decode(bytes(c.cbor))))),
      ).toBe(c.hash)
    },
  )

  it.each(Object.entries(codecs))('%s: the emptiest value writes and reads back', (_type, codec) => {
    const value = defined(codec.zero())
    expect(shown(codec.decode(codec.encode(value)))).toEqual(shown(value))
  })

  it('maps deal ids by the bits of validDeals, never by position', () => {
    const result = { ids: [11, 12], validDeals: actors.bitfield.of([0, 2]) }
    expect(actors.publishedDealIds(3, result)).toEqual([11, undefined, 12])
    expect(codeOf(() => actors.publishedDealIds(2, result))).toBe('INVALID_VALUE')
    expect(codeOf(() => actors.publishedDealIds(3, { ...result, ids: [11] }))).toBe('INVALID_VALUE')
  })
})
