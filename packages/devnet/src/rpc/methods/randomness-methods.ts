import { type Cid, drawRandomness, type randomnessTags } from '@sealane/actors'
import { shapes } from '@sealane/chain'
import { blake2b256 } from '@sealane/crypto'
import { epoch as chainEpoch } from '@sealane/fil-units'
import { LedgerError } from '../../ledger/ledger-error.js'
import { beaconEntryOf } from '../../randomness/ticket-book.js'
import type { Api } from '../api.js'
import { type Method, method } from '../method.js'
import { params } from '../param.js'
import { base64, stateTipSet } from '../state-reader.js'

type RandomnessTag = (typeof randomnessTags)[keyof typeof randomnessTags]

/** Draws of randomness, as proofs bind to them. */
export function randomnessMethods({ node }: Api): Record<string, Method> {
  const { ledger } = node

  async function ticketBase(epoch: number, key: readonly Cid[]): Promise<Uint8Array> {
    const from = await stateTipSet(node, key)
    if (epoch > from.header.height) throw new LedgerError('cannot draw randomness from the future')
    const { header } = await ledger.atOrBefore(Math.max(0, epoch), from)
    return header.ticket?.vrfProof ?? new Uint8Array()
  }

  async function beaconBase(epoch: number, key: readonly Cid[]): Promise<Uint8Array> {
    const from = await stateTipSet(node, key)
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

  return {
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
  }
}
