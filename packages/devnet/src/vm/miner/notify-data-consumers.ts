import {
  type Address,
  type SectorActivationManifest,
  type SectorContentChangedParams,
  type SectorContentChangedReturn,
  sectorContentChangedParams,
  sectorContentChangedReturn,
} from '@sealane/actors'
import { attoFil, epoch } from '@sealane/fil-units'
import { abort } from '../run/actor-abort.js'
import { exitCode } from '../run/exit-code.js'
import type { Runtime } from '../run/runtime.js'
import type { PreCommit } from '../state/chain-tables.js'
import type { DeepReadonly } from '../state/deep-readonly.js'

/** FRC-42 number of SectorContentChanged. */
export const sectorContentChangedMethod = 2034386435

/**
 * Tells each receiver named by the pieces of new sectors, once per receiver. What they answer matters only when
 * success is required: else a refused piece leaves the sector as it is.
 */
export async function notifyDataConsumers(
  runtime: Runtime,
  activated: readonly { manifest: SectorActivationManifest; preCommit: DeepReadonly<PreCommit> }[],
  requireSuccess: boolean,
): Promise<void> {
  for (const [receiver, changes] of groupByReceiver(activated)) {
    const params = sectorContentChangedParams.encode(changes)
    const sent = await runtime.send(receiver, sectorContentChangedMethod, params, attoFil(0n))
    if (!requireSuccess) continue
    if (sent.exitCode !== exitCode.ok) {
      abort(exitCode.notificationReceiverAborted, `receiver aborted with ${sent.exitCode}`)
    }
    requireAccepted(receiver, changes, answerOf(sent.return))
  }
}

type Change = SectorContentChangedParams[number]

function groupByReceiver(
  activated: readonly { manifest: SectorActivationManifest; preCommit: DeepReadonly<PreCommit> }[],
): Map<Address, Change[]> {
  const bySector = [...activated].sort((a, b) => a.preCommit.sectorNumber - b.preCommit.sectorNumber)
  const byReceiver = new Map<Address, Change[]>()
  for (const { manifest, preCommit } of bySector) {
    for (const { cid, size, notify } of manifest.pieces) {
      for (const { address, payload } of notify) {
        const changes = byReceiver.get(address) ?? []
        byReceiver.set(address, changes)
        changeOf(changes, preCommit).added.push({ data: cid, size, payload })
      }
    }
  }
  return byReceiver
}

function changeOf(changes: Change[], { sectorNumber, expiration }: DeepReadonly<PreCommit>): Change {
  const found = changes.find((change) => change.sector === sectorNumber)
  if (found !== undefined) return found
  const fresh: Change = { sector: sectorNumber, minimumCommitmentEpoch: epoch(expiration), added: [] }
  changes.push(fresh)
  return fresh
}

function answerOf(bytes: Uint8Array): SectorContentChangedReturn {
  if (bytes.length === 0) return abort(exitCode.notificationResponseInvalid, 'no return data')
  try {
    return sectorContentChangedReturn.decode(bytes)
  } catch {
    return abort(exitCode.notificationResponseInvalid, 'invalid return data serialization')
  }
}

function requireAccepted(
  receiver: Address,
  changes: readonly Change[],
  answer: SectorContentChangedReturn,
): void {
  const invalid = (text: string): never => abort(exitCode.notificationResponseInvalid, text)
  if (answer.length !== changes.length) invalid('sector change response mismatched sectors')
  for (const [at, { sector, added }] of changes.entries()) {
    const accepted = answer[at] ?? []
    if (accepted.length !== added.length) {
      invalid(`sector change response mismatched pieces for sector ${sector}`)
    }
    const refused = added.find((_, piece) => accepted[piece] !== true)
    if (refused === undefined) continue
    const piece = `sector ${sector} piece ${refused.data} payload ${[...refused.payload]}`
    abort(exitCode.notificationRejected, `sector change rejected by ${receiver} for ${piece}`)
  }
}
