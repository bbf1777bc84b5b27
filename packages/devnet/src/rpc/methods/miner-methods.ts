import { type Address, bitfield } from '@sealane/actors'
import { type Json, type MinerInfo, shapes } from '@sealane/chain'
import { epoch as chainEpoch } from '@sealane/fil-units'
import { LedgerError } from '../../ledger/ledger-error.js'
import { type ChainState, query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'
import { peerIdText } from '../peer-id-text.js'
import { bitsJson, known, stateAt } from '../state-reader.js'

/** What StateMiner* and StateSector* methods answer. */
export function minerMethods({ node }: Api): Record<string, Method> {
  /** A method about one miner: `ask` returns undefined when the address is not a miner's. */
  function ofMiner<T>(
    ask: (state: ChainState, miner: Address, epoch: number) => T | undefined,
    write: (value: T) => Json,
  ): Method {
    return method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state, epoch } = await stateAt(node, key)
      return write(known(state, address, ask(state, address, epoch)))
    })
  }

  const sectorMethod = <T>(
    ask: (state: ChainState, miner: Address, sector: number) => T | undefined,
    write: (value: T) => Json,
    missing: (sector: number) => Json,
  ): Method =>
    method('read', [params.address, params.sectorNumber, params.tipSetKey], async (address, sector, key) => {
      const { state } = await stateAt(node, key)
      known(state, address, query.minerInfo(state, address))
      const value = ask(state, address, sector)
      return value === undefined ? missing(sector) : write(value)
    })

  return {
    'Filecoin.StateMinerInfo': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      const info = known(state, address, query.minerInfo(state, address))
      const { newWorker, pendingOwnerAddress, pendingBeneficiaryTerm, beneficiaryTerm, ...rest } = info
      const value: MinerInfo = {
        ...rest,
        newWorker,
        pendingOwnerAddress,
        peerId: peerIdText(info.peerId),
        workerChangeEpoch: chainEpoch(info.workerChangeEpoch),
        consensusFaultElapsed: chainEpoch(info.consensusFaultElapsed),
        beneficiaryTerm: { ...beneficiaryTerm, expiration: chainEpoch(beneficiaryTerm.expiration) },
        pendingBeneficiaryTerm:
          pendingBeneficiaryTerm === undefined
            ? undefined
            : { ...pendingBeneficiaryTerm, newExpiration: chainEpoch(pendingBeneficiaryTerm.newExpiration) },
      }
      return shapes.minerInfo.write(value, 't')
    }),
    'Filecoin.StateMinerPower': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await stateAt(node, key)
      return shapes.minerPower.write(query.minerPower(state, address), 't')
    }),
    'Filecoin.StateMinerAvailableBalance': ofMiner(query.availableBalance, (balance) => balance.toString()),
    'Filecoin.StateMinerCreationDeposit': method('read', [params.tipSetKey], async (key) => {
      const { state, epoch } = await stateAt(node, key)
      return query.creationDeposit(state, epoch).toString()
    }),
    'Filecoin.StateMinerProvingDeadline': ofMiner(query.provingDeadline, (info) => ({
      CurrentEpoch: info.currentEpoch,
      PeriodStart: info.periodStart,
      Index: info.index,
      Open: info.open,
      Close: info.close,
      Challenge: info.challenge,
      FaultCutoff: info.faultCutoff,
      WPoStPeriodDeadlines: query.deadlineConstants.wPoStPeriodDeadlines,
      WPoStProvingPeriod: query.deadlineConstants.wPoStProvingPeriod,
      WPoStChallengeWindow: query.deadlineConstants.wPoStChallengeWindow,
      WPoStChallengeLookback: query.deadlineConstants.wPoStChallengeLookback,
      FaultDeclarationCutoff: query.deadlineConstants.faultDeclarationCutoff,
    })),
    'Filecoin.StateMinerDeadlines': ofMiner(query.deadlines, (deadlines) =>
      deadlines.map(({ postSubmissions, ...rest }) =>
        shapes.deadline.write({ ...rest, postSubmissions: bitfield.of(postSubmissions) }, 't'),
      ),
    ),
    'Filecoin.StateMinerPartitions': method(
      'read',
      [params.address, params.uint, params.tipSetKey],
      async (address, index, key) => {
        const { state } = await stateAt(node, key)
        known(state, address, query.minerInfo(state, address))
        const partitions = query.partitions(state, address, index)
        if (partitions === undefined)
          throw new LedgerError(`failed to load the deadline: invalid deadline ${index}`)
        if (partitions.length === 0) return null
        return partitions.map((partition) =>
          shapes.partition.write(
            {
              allSectors: bitfield.of(partition.allSectors),
              faultySectors: bitfield.of(partition.faultySectors),
              recoveringSectors: bitfield.of(partition.recoveringSectors),
              liveSectors: bitfield.of(partition.liveSectors),
              activeSectors: bitfield.of(partition.activeSectors),
            },
            't',
          ),
        )
      },
    ),
    'Filecoin.StateMinerSectors': method(
      'read',
      [params.address, params.bits, params.tipSetKey],
      async (address, filter, key) => {
        const { state } = await stateAt(node, key)
        const numbers = filter?.toNumbers()
        const sectors = known(state, address, query.sectors(state, address, numbers))
        const missing = numbers?.find(
          (number) => !sectors.some(({ sectorNumber }) => sectorNumber === number),
        )
        if (missing !== undefined)
          throw new LedgerError(`failed to load sectors: can't find sector ${missing}`)
        return sectors.map(sectorJson)
      },
    ),
    'Filecoin.StateMinerActiveSectors': ofMiner(query.activeSectors, (sectors) => sectors.map(sectorJson)),
    'Filecoin.StateMinerSectorCount': ofMiner(query.sectorCount, (count) =>
      shapes.sectorCount.write(count, 't'),
    ),
    'Filecoin.StateMinerFaults': ofMiner(query.faults, bitsJson),
    'Filecoin.StateMinerRecoveries': ofMiner(query.recoveries, bitsJson),
    'Filecoin.StateMinerAllocated': ofMiner(query.allocated, bitsJson),
    'Filecoin.StateMinerSectorAllocated': sectorMethod(
      query.isAllocated,
      (allocated) => allocated,
      () => false,
    ),
    'Filecoin.StateSectorPreCommitInfo': sectorMethod(
      query.preCommitInfo,
      ({ info, preCommitEpoch, preCommitDeposit }) =>
        shapes.preCommitOnChainInfo.write(
          {
            info: {
              ...info,
              unsealedCid: info.unsealedCid,
              sealRandEpoch: chainEpoch(info.sealRandEpoch),
              expiration: chainEpoch(info.expiration),
            },
            preCommitDeposit,
            preCommitEpoch: chainEpoch(preCommitEpoch),
          },
          't',
        ),
      () => null,
    ),
    'Filecoin.StateSectorGetInfo': sectorMethod(query.sectorInfo, sectorJson, () => null),
    'Filecoin.StateSectorPartition': sectorMethod(
      query.sectorPartition,
      (place) => shapes.sectorLocation.write(place, 't'),
      (sector) => {
        throw new LedgerError(`sector ${sector} not found in any deadline: actor not found`)
      },
    ),
    'Filecoin.StateSectorExpiration': sectorMethod(
      query.sectorExpiration,
      ({ onTime, early }) => ({ OnTime: onTime, Early: early }),
      (sector) => {
        throw new LedgerError(`failed to find sector ${sector}`)
      },
    ),
    'Filecoin.StateMinerPreCommitDepositForPower': method(
      'read',
      [params.address, params.preCommitInfo, params.tipSetKey],
      async (address, info, key) => {
        const { state } = await stateAt(node, key)
        known(state, address, query.minerInfo(state, address))
        const deposit = query.preCommitDeposit(state, info.sealProof)
        if (deposit === undefined)
          throw new LedgerError(`failed to get resolve size: unsupported proof type: ${info.sealProof}`)
        return deposit.toString()
      },
    ),
    // Deprecated in lotus, and still asked by older tools: a sector of this precommit's size without verified deals.
    'Filecoin.StateMinerInitialPledgeCollateral': method(
      'read',
      [params.address, params.preCommitInfo, params.tipSetKey],
      async (address, info, key) => {
        const { state, epoch } = await stateAt(node, key)
        known(state, address, query.minerInfo(state, address))
        const sectorSize = query.sectorSizeOf(info.sealProof)
        if (sectorSize === undefined)
          throw new LedgerError(`failed to get resolve size: unsupported proof type: ${info.sealProof}`)
        return query.initialPledge(state, { sectorSize, verifiedSize: 0n, epoch }).toString()
      },
    ),
    'Filecoin.StateMinerInitialPledgeForSector': method(
      'read',
      [params.epoch, params.sectorSize, params.uint, params.tipSetKey],
      async (_duration, sectorSize, verifiedSize, key) => {
        const { state, epoch } = await stateAt(node, key)
        return query
          .initialPledge(state, { sectorSize, verifiedSize: BigInt(verifiedSize), epoch })
          .toString()
      },
    ),
  }
}

function sectorJson(sector: NonNullable<ReturnType<typeof query.sectorInfo>>): Json {
  return shapes.sectorOnChainInfo.write(
    {
      ...sector,
      activation: chainEpoch(sector.activation),
      expiration: chainEpoch(sector.expiration),
      powerBaseEpoch: chainEpoch(sector.powerBaseEpoch),
    },
    't',
  )
}
