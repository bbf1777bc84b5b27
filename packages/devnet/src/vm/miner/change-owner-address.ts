import { address, idAddress, idOf } from '@sealane/actors'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { requireCaller } from '../run/require-caller.js'
import type { Runtime } from '../run/runtime.js'
import { minerOf } from './miner-funds.js'
import { receivingMiner } from './receiving-miner.js'

/** Method 23: the owner proposes, the proposed confirms by the same call. Proposing the owner revokes. */
export function changeOwnerAddress(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const proposed = idOf(decodeParams(address, bytes))
  if (proposed === undefined) return abort(exitCode.illegalArgument, 'owner address must be an ID address')
  const { owner, pendingOwner } = receivingMiner(runtime).info

  if (runtime.caller === owner || pendingOwner === undefined) {
    requireCaller(runtime, [owner])
    runtime.update((draft) => {
      const { info } = minerOf(draft, runtime.receiver)
      if (proposed === owner) delete info.pendingOwner
      else info.pendingOwner = proposed
    })
    return new Uint8Array()
  }

  requireCaller(runtime, [pendingOwner])
  if (proposed !== pendingOwner) {
    const text = `expected confirmation of ${idAddress(pendingOwner)} got ${idAddress(proposed)}`
    abort(exitCode.illegalArgument, text)
  }
  runtime.update((draft) => {
    const { info } = minerOf(draft, runtime.receiver)
    if (info.beneficiary === owner) info.beneficiary = pendingOwner
    delete info.pendingBeneficiary
    delete info.pendingOwner
    info.owner = pendingOwner
  })
  return new Uint8Array()
}
