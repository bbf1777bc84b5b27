import type { Json } from '@sealane/chain'
import { LedgerError } from '../ledger/ledger-error.js'
import { type Method, method } from './method.js'
import { type Param, params } from './param.js'

/** Lotus' v0 API. Source: filecoin-project/lotus api/version.go (1.5.0). */
const apiVersion = 0x010500

/** Methods that came with v1. Source: filecoin-project/lotus api/v0api/full.go. */
const onlyInV1: ReadonlySet<string> = new Set([
  'ChainGetFinalizedTipSet',
  'ChainGetTipSetAfterHeight',
  'MpoolCheckMessages',
  'MpoolCheckPendingMessages',
  'MpoolCheckReplaceMessages',
  'NodeStatus',
  'StateGetAllocationIdForPendingDeal',
  'StateGetBeaconEntry',
  'StateGetRandomnessDigestFromBeacon',
  'StateGetRandomnessDigestFromTickets',
  'StateLookupRobustAddress',
  'StateMinerAllocated',
  'StateMinerCreationDeposit',
  'StateMinerInitialPledgeForSector',
])

/** Every lookback: the whole chain. */
const noLimit = -1

/**
 * The old API over the new one, as lotus wraps it: fewer parameters where v1 got more, another order in a few, and an
 * error where v1 answers null. Source: filecoin-project/lotus api/v0api/v1_wrapper.go.
 */
export function v0Methods(v1: Readonly<Record<string, Method>>): Record<string, Method> {
  const v1Method = (name: string): Method => {
    const found = v1[`Filecoin.${name}`]
    if (found === undefined) throw new TypeError(`v1 has no ${name}`)
    return found
  }
  /** As the v1 method `name`, its parameters made of others. */
  const through = <const P extends readonly Param<unknown>[]>(
    name: string,
    takes: P,
    give: (...args: readonly unknown[]) => readonly unknown[],
  ): Method => {
    const target = v1Method(name)
    return method(target.permission, takes, (...args) => target.run(give(...args)))
  }

  const same = Object.fromEntries(
    Object.entries(v1).filter(
      ([name]) => name.startsWith('Filecoin.') && !onlyInV1.has(name.slice('Filecoin.'.length)),
    ),
  )
  const randomness = [params.tipSetKey, params.tag, params.epoch, params.bytes] as const
  const tipSetLast = (key: unknown, tag: unknown, epoch: unknown, entropy: unknown) => [
    tag,
    epoch,
    entropy,
    key,
  ]
  const version = v1Method('Version')
  const preCommitInfo = v1Method('StateSectorPreCommitInfo')
  const search = v1Method('StateSearchMsg')

  return {
    ...same,
    'Filecoin.Version': method('read', [], async () => ({
      ...((await version.run([])) as { readonly [key: string]: Json }),
      APIVersion: apiVersion,
    })),
    'Filecoin.BeaconGetEntry': v1Method('StateGetBeaconEntry'),
    'Filecoin.ChainGetRandomnessFromTickets': through(
      'StateGetRandomnessFromTickets',
      randomness,
      tipSetLast,
    ),
    'Filecoin.ChainGetRandomnessFromBeacon': through('StateGetRandomnessFromBeacon', randomness, tipSetLast),
    'Filecoin.StateSearchMsg': through('StateSearchMsg', [params.cid], (cid) => [[], cid, noLimit, true]),
    'Filecoin.StateSearchMsgLimited': through('StateSearchMsg', [params.cid, params.epoch], (cid, limit) => [
      [],
      cid,
      limit,
      true,
    ]),
    'Filecoin.StateWaitMsg': through('StateWaitMsg', [params.cid, params.uint], (cid, confidence) => [
      cid,
      confidence,
      noLimit,
      true,
    ]),
    'Filecoin.StateWaitMsgLimited': through(
      'StateWaitMsg',
      [params.cid, params.uint, params.epoch],
      (cid, confidence, limit) => [cid, confidence, limit, true],
    ),
    'Filecoin.StateGetReceipt': method('read', [params.cid, params.tipSetKey], async (cid, key) => {
      const found = (await search.run([key, cid, noLimit, true])) as { readonly Receipt?: Json } | null
      return found?.Receipt ?? null
    }),
    'Filecoin.StateSectorPreCommitInfo': method(
      'read',
      [params.address, params.sectorNumber, params.tipSetKey],
      async (...args) => {
        const info = await preCommitInfo.run(args)
        if (info === null) throw new LedgerError('precommit info does not exist')
        return info
      },
    ),
  }
}
