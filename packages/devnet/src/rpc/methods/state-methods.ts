import {
  type Address,
  bitfield,
  type Cid,
  drawRandomness,
  type Message,
  messageCid,
  randomnessTags,
} from '@sealane/actors'
import { type Json, type MinerInfo, shapes } from '@sealane/chain'
import { blake2b256 } from '@sealane/crypto'
import { epoch as chainEpoch } from '@sealane/fil-units'
import { LedgerError } from '../../ledger/ledger-error.js'
import { codeName, keyAddressIn, unresolvable } from '../../node/devnet-node.js'
import { networkVersion, shown } from '../../node/network.js'
import { blockContext } from '../../producer/build-block.js'
import { traceJson } from '../../producer/trace-json.js'
import { beaconEntryOf } from '../../randomness/ticket-book.js'
import type { StoredBlock } from '../../store/chain-store.js'
import { type Applied, type ChainState, callMessage, query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { type Param, params } from '../param.js'
import { peerIdText } from '../peer-id-text.js'
import { rpcCode } from '../rpc-failure.js'

/** What StateCall prints for a gas limit: none. Source: filecoin-project/lotus (math.MaxInt64 / 2). */
const unlimitedGas = 4_611_686_018_427_387_903n

/** The state that a tipset reports, with the tipset. */
interface At {
  readonly block: StoredBlock
  readonly state: ChainState
  readonly epoch: number
}

export function stateMethods({ node }: Api): Record<string, Method> {
  const { ledger } = node

  async function at(key: readonly Cid[]): Promise<At> {
    const block = await tipSet(key)
    return { block, state: await ledger.stateAt(block), epoch: block.header.height }
  }

  async function tipSet(key: readonly Cid[]): Promise<StoredBlock> {
    try {
      return await ledger.tipSetBlock(key)
    } catch (cause) {
      throw cause instanceof LedgerError ? new LedgerError(`failed to load tipset: ${cause.message}`) : cause
    }
  }

  /** A method about one miner: `ask` returns undefined when the address is not a miner's. */
  function ofMiner<T>(
    ask: (state: ChainState, miner: Address, epoch: number) => T | undefined,
    write: (value: T) => Json,
  ): Method {
    return method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state, epoch } = await at(key)
      return write(known(state, address, ask(state, address, epoch)))
    })
  }

  const sectorMethod = <T>(
    ask: (state: ChainState, miner: Address, sector: number) => T | undefined,
    write: (value: T) => Json,
    missing: (sector: number) => Json,
  ): Method =>
    method('read', [params.address, params.sectorNumber, params.tipSetKey], async (address, sector, key) => {
      const { state } = await at(key)
      known(state, address, query.minerInfo(state, address))
      const value = ask(state, address, sector)
      return value === undefined ? missing(sector) : write(value)
    })

  /** A method whose answer is always the same, once its parameters make sense. */
  const nothing = (takes: readonly Param<unknown>[], answer: Json): Method =>
    method('read', takes, () => answer)

  async function invocation(message: Message, applied: Applied, nonce: number): Promise<Json> {
    const called = { ...message, nonce }
    return {
      MsgCid: shapes.cid.write(messageCid(message), 't'),
      Msg: { ...(shapes.message.write(called, 't') as { [key: string]: Json }), GasLimit: unlimitedGas },
      MsgRct: receiptJson(applied),
      GasCost: shapes.gasCost.write({ ...noCost, message: undefined }, 't'),
      ExecutionTrace: traceJson(applied.trace) as unknown as Json,
      Error: applied.error,
      Duration: 1,
    }
  }

  return {
    'Filecoin.StateGetActor': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await at(key)
      const actor = query.actor(state, address)
      if (actor === undefined) throw shown(address).startsWith('t0') ? notFound() : unresolvable(address)
      return shapes.actorState.write({ ...actor, delegatedAddress: undefined }, 't')
    }),
    'Filecoin.StateLookupID': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await at(key)
      const id = query.lookupId(state, address)
      if (id === undefined) throw notFound(rpcCode.actorNotFound)
      return shown(id)
    }),
    'Filecoin.StateAccountKey': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await at(key)
      return shown(keyAddressIn(state, address))
    }),
    'Filecoin.StateLookupRobustAddress': method(
      'read',
      [params.address, params.tipSetKey],
      async (address, key) => {
        const { state } = await at(key)
        const robust = query.robustAddress(state, address)
        if (robust === undefined)
          throw new LedgerError(`failed to find robust address for ${shown(address)}: actor not found`)
        return shown(robust)
      },
    ),
    'Filecoin.StateActorCodeCIDs': method('read', [params.networkVersion], (version) => {
      if (version !== networkVersion) {
        throw new LedgerError(`invalid network version ${version}: unsupported network version ${version}`)
      }
      const kinds = [
        'account',
        'cron',
        'datacap',
        'init',
        'miner',
        'market',
        'power',
        'reward',
        'system',
        'verifreg',
      ] as const
      return Object.fromEntries(
        kinds.map((kind) => [codeName(kind), shapes.cid.write(query.codeOf(kind), 't')]),
      )
    }),
    'Filecoin.StateReadState': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await at(key)
      const actor = query.actor(state, address)
      if (actor === undefined) throw unresolvable(address)
      if (actor.kind !== 'account') {
        throw new LedgerError(`the state of a ${codeName(actor.kind)} actor is not available on simnet`)
      }
      return {
        Balance: actor.balance.toString(),
        Code: shapes.cid.write(actor.code, 't'),
        State: { Address: shown(keyAddressIn(state, address)) },
      }
    }),
    'Filecoin.StateListMiners': method('read', [params.tipSetKey], async (key) =>
      query.miners((await at(key)).state).map(shown),
    ),
    'Filecoin.StateListActors': method('read', [params.tipSetKey], async (key) =>
      query.actors((await at(key)).state).map(shown),
    ),

    'Filecoin.StateMinerInfo': method('read', [params.address, params.tipSetKey], async (address, key) => {
      const { state } = await at(key)
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
      const { state } = await at(key)
      return shapes.minerPower.write(query.minerPower(state, address), 't')
    }),
    'Filecoin.StateMinerAvailableBalance': ofMiner(query.availableBalance, (balance) => balance.toString()),
    'Filecoin.StateMinerCreationDeposit': method('read', [params.tipSetKey], async (key) => {
      const { state, epoch } = await at(key)
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
        const { state } = await at(key)
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
        const { state } = await at(key)
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
        const { state } = await at(key)
        known(state, address, query.minerInfo(state, address))
        const deposit = query.preCommitDeposit(state, info.sealProof)
        if (deposit === undefined)
          throw new LedgerError(`failed to get resolve size: unsupported proof type: ${info.sealProof}`)
        return deposit.toString()
      },
    ),
    'Filecoin.StateMinerInitialPledgeForSector': method(
      'read',
      [params.epoch, params.sectorSize, params.uint, params.tipSetKey],
      async (_duration, sectorSize, verifiedSize, key) => {
        const { state, epoch } = await at(key)
        return query
          .initialPledge(state, { sectorSize, verifiedSize: BigInt(verifiedSize), epoch })
          .toString()
      },
    ),

    'Filecoin.StateGetRandomnessFromTickets': method(
      'read',
      [params.tag, params.epoch, params.bytes, params.tipSetKey],
      async (tag, epoch, entropy, key) => {
        const ticket = await ticketBase(epoch, key)
        return base64(drawRandomness(ticket, tag as RandomnessTag, chainEpoch(epoch), entropy))
      },
    ),
    'Filecoin.StateGetRandomnessFromBeacon': method(
      'read',
      [params.tag, params.epoch, params.bytes, params.tipSetKey],
      async (tag, epoch, entropy, key) => {
        const beacon = await beaconBase(epoch, key)
        return base64(drawRandomness(beacon, tag as RandomnessTag, chainEpoch(epoch), entropy))
      },
    ),
    'Filecoin.StateGetRandomnessDigestFromTickets': method(
      'read',
      [params.epoch, params.tipSetKey],
      async (epoch, key) => base64(blake2b256(await ticketBase(epoch, key))),
    ),
    'Filecoin.StateGetRandomnessDigestFromBeacon': method(
      'read',
      [params.epoch, params.tipSetKey],
      async (epoch, key) => base64(blake2b256(await beaconBase(epoch, key))),
    ),
    'Filecoin.StateGetBeaconEntry': method('read', [params.epoch], async (epoch) => {
      await headAt(epoch)
      return shapes.beaconEntry.write(beaconEntryOf(node.book, epoch), 't')
    }),

    'Filecoin.StateMarketBalance': method(
      'read',
      [params.address, params.tipSetKey],
      async (address, key) => {
        const { state } = await at(key)
        const balance = query.marketBalance(state, address)
        if (balance === undefined) throw unresolvable(address)
        return shapes.marketBalance.write(balance, 't')
      },
    ),
    'Filecoin.StateMarketStorageDeal': method('read', [params.dealId, params.tipSetKey], async (id, key) => {
      const { state } = await at(key)
      const deal = query.marketDeal(state, id)
      if (deal === undefined) {
        throw new LedgerError(
          `deal ${id} not found - deal may not have completed sealing before deal proposal start epoch, or deal may have been slashed`,
        )
      }
      return dealJson(deal)
    }),
    'Filecoin.StateMarketDeals': method('read', [params.tipSetKey], async (key) =>
      Object.fromEntries(
        query.marketDeals((await at(key)).state).map(([id, deal]) => [String(id), dealJson(deal)]),
      ),
    ),
    'Filecoin.StateDealProviderCollateralBounds': method(
      'read',
      [params.paddedSize, params.flag, params.tipSetKey],
      async (size, _verified, key) => {
        const { state } = await at(key)
        return shapes.collateralBounds.write(query.collateralBounds(state, size), 't')
      },
    ),
    'Filecoin.StateVMCirculatingSupplyInternal': method('read', [params.tipSetKey], async (key) =>
      shapes.circulatingSupply.write(query.circulatingSupply((await at(key)).state), 't'),
    ),
    'Filecoin.StateCirculatingSupply': method('read', [params.tipSetKey], async (key) =>
      query.circulatingSupply((await at(key)).state).filCirculating.toString(),
    ),
    // The verified registry of this chain holds nothing: the answers are lotus' for "none".
    'Filecoin.StateVerifiedClientStatus': nothing([params.address, params.tipSetKey], null),
    'Filecoin.StateVerifierStatus': nothing([params.address, params.tipSetKey], null),
    'Filecoin.StateGetAllocation': nothing([params.address, params.uint, params.tipSetKey], null),
    'Filecoin.StateGetAllocationForPendingDeal': nothing([params.dealId, params.tipSetKey], null),
    'Filecoin.StateGetAllocationIdForPendingDeal': nothing([params.dealId, params.tipSetKey], 0),
    'Filecoin.StateGetAllocations': nothing([params.address, params.tipSetKey], {}),
    'Filecoin.StateGetClaim': nothing([params.address, params.uint, params.tipSetKey], null),
    'Filecoin.StateGetClaims': nothing([params.address, params.tipSetKey], {}),

    'Filecoin.StateCall': method('read', [params.message, params.tipSetKey], async (message, key) => {
      const { block, state, epoch } = await at(key)
      const sender = query.actor(state, message.from)
      if (sender === undefined) {
        throw new LedgerError(`sender ${shown(message.from)} not found on chain: sender validation failed`)
      }
      const context = blockContext(node.chain(), epoch, block.header.parentBaseFee)
      return await invocation(message, await callMessage(state, context, message), sender.nonce)
    }),
  }

  async function ticketBase(epoch: number, key: readonly Cid[]): Promise<Uint8Array> {
    const from = await tipSet(key)
    if (epoch > from.header.height) throw new LedgerError('cannot draw randomness from the future')
    const { header } = await ledger.atOrBefore(Math.max(0, epoch), from)
    return header.ticket?.vrfProof ?? new Uint8Array()
  }

  async function beaconBase(epoch: number, key: readonly Cid[]): Promise<Uint8Array> {
    const from = await tipSet(key)
    if (epoch > from.header.height) {
      throw new LedgerError('getting beacon randomness: cannot draw randomness from the future')
    }
    const { header } = await ledger.atOrBefore(Math.max(0, epoch), from)
    return header.beaconEntries.at(-1)?.data ?? new Uint8Array()
  }

  /** Waits until the head is at least that high. */
  async function headAt(epoch: number): Promise<void> {
    if (node.head.header.height >= epoch) return
    await new Promise<void>((resolve) => {
      const stop = node.subscribe(() => {
        if (node.head.header.height < epoch) return
        stop()
        resolve()
      })
    })
  }
}

type RandomnessTag = (typeof randomnessTags)[keyof typeof randomnessTags]

const zero = 0n as ReturnType<typeof shapes.money.read>
const noCost = {
  gasUsed: 0n,
  baseFeeBurn: zero,
  overEstimationBurn: zero,
  minerPenalty: zero,
  minerTip: zero,
  refund: zero,
  totalCost: zero,
}

function notFound(code?: number): LedgerError {
  return new LedgerError('actor not found', code)
}

/** What a query about a miner found; lotus' words when the address is not a miner's. */
function known<T>(state: ChainState, address: Address, value: T | undefined): T {
  if (value !== undefined) return value
  const actor = query.actor(state, address)
  throw new LedgerError(
    actor === undefined
      ? 'failed to load miner actor: actor not found'
      : `failed to load miner actor state: actor code is not miner: ${codeName(actor.kind)}`,
  )
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

function bitsJson(numbers: readonly number[]): Json {
  return shapes.bits.write(bitfield.of(numbers), 't')
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

function dealJson({ proposal, state }: NonNullable<ReturnType<typeof query.marketDeal>>): Json {
  return shapes.marketDeal.write(
    {
      proposal: { ...proposal, label: typeof proposal.label === 'string' ? proposal.label : '' },
      state: {
        sectorNumber: state.sectorNumber,
        sectorStartEpoch: chainEpoch(state.sectorStartEpoch),
        lastUpdatedEpoch: chainEpoch(state.lastUpdatedEpoch),
        slashEpoch: chainEpoch(state.slashEpoch),
      },
    },
    't',
  )
}

function receiptJson({ receipt }: Applied): Json {
  return shapes.receipt.write(
    { exitCode: receipt.exitCode, return: receipt.return, gasUsed: receipt.gasUsed },
    't',
  )
}
