import { address as addressCodec, drawRandomness, randomnessTags } from '@sealane/actors'
import { type Json, shapes } from '@sealane/chain'
import { epoch as chainEpoch } from '@sealane/fil-units'
import { LedgerError } from '../../ledger/ledger-error.js'
import { unresolvable } from '../../node/devnet-node.js'
import { shown } from '../../node/network.js'
import { beaconEntryOf } from '../../randomness/ticket-book.js'
import { winningSectorIndex } from '../../randomness/winning-sector.js'
import { query } from '../../vm/index.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'
import { known, stateTipSet } from '../state-reader.js'

/** Epochs back at which a miner's sectors are looked up for an election. Source: filecoin-project/lotus (ChainFinality). */
const sectorSetLookback = 900

/**
 * What a miner asks before an election. This chain elects nobody: its one producer makes every block, so the base
 * information is true, and blocks of others are refused.
 */
export function miningMethods({ node }: Api): Record<string, Method> {
  const { ledger } = node

  const refusesBlocks = (what: string) =>
    method('write', [params.json], () => {
      throw new LedgerError(
        `${what}: this devnet has a single producer and makes its blocks itself; see Devnet.Info`,
      )
    })

  return {
    'Filecoin.MinerGetBaseInfo': method(
      'read',
      [params.address, params.epoch, params.tipSetKey],
      async (address, epoch, key): Promise<Json> => {
        const base = await stateTipSet(node, key)
        if (epoch <= base.header.height) {
          throw new LedgerError(
            `failed to get latest beacon entry: epoch ${epoch} is not above the base tipset ${base.header.height}`,
          )
        }
        const looked = await ledger.atOrBefore(Math.max(0, epoch - sectorSetLookback), base)
        const then = await ledger.stateAfter(looked)
        const now = await ledger.stateAt(base)
        if (query.actor(then, address) === undefined) {
          if (query.actor(now, address) === undefined) throw unresolvable(address)
          // It did not exist that long ago: lotus says nothing about it yet.
          return null
        }
        const sectors = known(then, address, query.activeSectors(then, address))
        if (sectors.length === 0) return null
        const id = query.lookupId(then, address) ?? address
        const entropy = addressCodec.encode(id)
        const entry = beaconEntryOf(node.book, epoch)
        const randomness = drawRandomness(
          entry.data,
          randomnessTags.WinningPoStChallengeSeed,
          chainEpoch(epoch),
          entropy,
        )
        const sorted = [...sectors].sort((a, b) => a.sectorNumber - b.sectorNumber)
        const sector = sorted[winningSectorIndex(proverId(id), randomness, sorted.length)]
        if (sector === undefined) return null
        const { minerPower, totalPower, hasMinPower } = query.minerPower(then, address)
        const info = known(then, address, query.minerInfo(then, address))
        return {
          MinerPower: minerPower.qualityAdjPower.toString(),
          NetworkPower: totalPower.qualityAdjPower.toString(),
          Sectors: [
            {
              SealProof: sector.sealProof,
              SectorNumber: sector.sectorNumber,
              SectorKey: null,
              SealedCID: shapes.cid.write(sector.sealedCid, 't'),
            },
          ],
          WorkerKey: shown(query.accountKey(now, info.worker) ?? info.worker),
          SectorSize: shapes.wholeBig.write(info.sectorSize, 't'),
          PrevBeaconEntry: shapes.beaconEntry.write(beaconEntryOf(node.book, base.header.height), 't'),
          BeaconEntries: [shapes.beaconEntry.write(entry, 't')],
          EligibleForMining: hasMinPower && query.feeDebt(now, address) === 0n,
        }
      },
    ),
    'Filecoin.MinerCreateBlock': refusesBlocks('block creation refused'),
    'Filecoin.SyncSubmitBlock': refusesBlocks('block refused'),
  }
}

/** The payload of an ID address, filled up with zeros to 32 bytes. */
function proverId(id: Parameters<typeof addressCodec.encode>[0]): Uint8Array {
  // CBOR of an address: one byte of head (at most 10 bytes of payload), the protocol, the payload.
  const bytes = new Uint8Array(32)
  bytes.set(addressCodec.encode(id).subarray(2))
  return bytes
}
