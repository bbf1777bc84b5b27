import { changeBeneficiaryParams, getBeneficiaryReturn, idAddress } from '@sealane/actors'
import { attoFil, epoch } from '@sealane/fil-units'
import { lookupActor } from '../account/lookup-actor.js'
import { abort } from '../run/actor-abort.js'
import { decodeParams } from '../run/decode-params.js'
import { exitCode } from '../run/exit-code.js'
import { filText } from '../run/fil-text.js'
import type { Runtime } from '../run/runtime.js'
import type { MinerInfo, PendingBeneficiary } from '../state/chain-tables.js'
import { minerOf } from './miner-funds.js'
import { receivingMiner } from './receiving-miner.js'

/** Method 30: the owner proposes; it takes effect when both the old (if still entitled) and the new beneficiary agree. */
export function changeBeneficiary(runtime: Runtime, bytes: Uint8Array): Uint8Array {
  const { newBeneficiary: address, newQuota, newExpiration } = decodeParams(changeBeneficiaryParams, bytes)
  const newBeneficiary = lookupActor(runtime.state, address)
  if (newBeneficiary === undefined) {
    return abort(exitCode.illegalArgument, `unable to resolve address: ${address}`)
  }
  const proposal = { newBeneficiary, newQuota, newExpiration: newExpiration as number }
  runtime.update((draft) => {
    const { info } = minerOf(draft, runtime.receiver)
    if (runtime.caller === info.owner) propose(info, proposal, runtime.epoch)
    else requireSame(info, proposal, runtime.caller)
    approve(info, runtime.caller)
  })
  return new Uint8Array()
}

/** Method 31. */
export function getBeneficiary(runtime: Runtime): Uint8Array {
  const { beneficiary, beneficiaryTerm, pendingBeneficiary } = receivingMiner(runtime).info
  const { quota, usedQuota, expiration } = beneficiaryTerm
  return getBeneficiaryReturn.encode({
    active: {
      beneficiary: idAddress(beneficiary),
      term: { quota, usedQuota, expiration: epoch(expiration) },
    },
    proposed:
      pendingBeneficiary === undefined
        ? null
        : {
            ...pendingBeneficiary,
            newBeneficiary: idAddress(pendingBeneficiary.newBeneficiary),
            newExpiration: epoch(pendingBeneficiary.newExpiration),
          },
  })
}

type Proposal = Pick<PendingBeneficiary, 'newBeneficiary' | 'newQuota' | 'newExpiration'>

function propose(info: MinerInfo, proposal: Proposal, now: number): void {
  const { newBeneficiary, newQuota, newExpiration } = proposal
  const refuse = (text: string): never => abort(exitCode.illegalArgument, text)
  if (newBeneficiary !== info.owner) {
    if (newQuota <= 0n) refuse(`beneficial quota ${filText(newQuota)} must bigger than zero`)
  } else {
    if (newQuota !== 0n) refuse(`owner beneficial quota ${filText(newQuota)} must be zero`)
    if (newExpiration !== 0) refuse(`owner beneficial expiration ${newExpiration} must be zero`)
  }
  const { quota, usedQuota, expiration } = info.beneficiaryTerm
  const stillEntitled = expiration > now && quota > usedQuota
  info.pendingBeneficiary = { ...proposal, approvedByBeneficiary: !stillEntitled, approvedByNominee: false }
}

function requireSame(info: MinerInfo, proposal: Proposal, caller: number): void {
  const pending = info.pendingBeneficiary ?? abort(exitCode.forbidden, 'No changeBeneficiary proposal exists')
  if (caller !== info.beneficiary && caller !== pending.newBeneficiary) {
    const parties = `proposal beneficiary${idAddress(pending.newBeneficiary)} nor current beneficiary${idAddress(info.beneficiary)}`
    abort(exitCode.forbidden, `message caller ${idAddress(caller)} is neither ${parties}`)
  }
  const differs = (what: string, expected: unknown, got: unknown): never =>
    abort(
      exitCode.illegalArgument,
      `new beneficiary ${what} must be equal expect ${expected}, but got ${got}`,
    )
  if (pending.newBeneficiary !== proposal.newBeneficiary) {
    differs('address', idAddress(pending.newBeneficiary), idAddress(proposal.newBeneficiary))
  }
  if (pending.newQuota !== proposal.newQuota) {
    differs('quota', filText(pending.newQuota), filText(proposal.newQuota))
  }
  if (pending.newExpiration !== proposal.newExpiration) {
    differs('expire date', pending.newExpiration, proposal.newExpiration)
  }
}

function approve(info: MinerInfo, caller: number): void {
  const pending = info.pendingBeneficiary
  if (pending === undefined) return
  if (caller === info.beneficiary) pending.approvedByBeneficiary = true
  if (caller === pending.newBeneficiary) pending.approvedByNominee = true
  if (!pending.approvedByBeneficiary || !pending.approvedByNominee) return

  const changes = pending.newBeneficiary !== info.beneficiary
  info.beneficiaryTerm = {
    quota: pending.newQuota,
    usedQuota: changes ? attoFil(0n) : info.beneficiaryTerm.usedQuota,
    expiration: pending.newExpiration,
  }
  info.beneficiary = pending.newBeneficiary
  delete info.pendingBeneficiary
}
